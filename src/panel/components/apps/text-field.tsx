interface FieldProps {
  text: string;
  value: string;
  placeholder?: string;
  onInput: (value: string) => void;
}

/** A field for one line of text that is not prose. */
export function TextField({ text, value, placeholder = '', onInput }: FieldProps) {
  return (
    <label class="field">
      <span>{text}</span>
      <input
        spellcheck={false}
        autoComplete="off"
        placeholder={placeholder}
        value={value}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </label>
  );
}

/** A field for several lines, such as code. */
export function TextArea({ text, value, placeholder = '', rows, onInput }: FieldProps & { rows: number }) {
  return (
    <label class="field">
      <span>{text}</span>
      <textarea
        rows={rows}
        spellcheck={false}
        placeholder={placeholder}
        value={value}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
    </label>
  );
}
