interface BarProps {
  value: number;
  most: number;
  label: string;
  /** The value as one says it. */
  text: string;
  class?: string;
}

/** A part of a whole. Drawn, for browsers each have their own mind about how `meter` looks. */
export function Bar({ value, most, label, text, class: extra = '' }: BarProps) {
  const share = most > 0 ? Math.min(1, Math.max(0, value / most)) : 0;
  return (
    <div
      class={`bar ${extra}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={most}
      aria-valuenow={value}
      aria-valuetext={text}
    >
      <svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
        <rect width={share * 100} height="1" />
      </svg>
    </div>
  );
}
