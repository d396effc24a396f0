/** Values for the placeholders of a text, such as `{name}`. */
export type Values = Record<string, string | number>;

/** Returns a text in the language of the user, with its placeholders replaced. */
export function t(text: string, values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (placeholder, name) => String(values[name] ?? placeholder));
}
