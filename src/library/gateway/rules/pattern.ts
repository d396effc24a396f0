/** Tests whether a whole text matches a pattern. */
export type Matcher = (text: string) => boolean;

/**
 * Compiles a pattern: `*` matches any run of characters, `?` exactly one.
 *
 * The literal parts between the stars are searched from left to right, each at its first occurrence, which
 * cannot miss a match. Time is linear in the text for parts without `?`; most URLs fail at the first part.
 */
export function compilePattern(pattern: string): Matcher {
  const parts = pattern.split(/\*+/);
  if (parts.length === 1) return pattern.includes('?') ? exactly(pattern) : (text) => text === pattern;
  const first = parts[0]!;
  const last = parts.at(-1)!;
  const middle = parts.slice(1, -1);
  const shortest = first.length + last.length;
  return (text) => {
    const end = text.length - last.length;
    if (text.length < shortest || !isAt(text, first, 0) || !isAt(text, last, end)) return false;
    let position = first.length;
    for (const part of middle) {
      const found = find(text, part, position);
      if (found < 0) return false;
      position = found + part.length;
    }
    return position <= end;
  };
}

function exactly(pattern: string): Matcher {
  return (text) => text.length === pattern.length && isAt(text, pattern, 0);
}

function isAt(text: string, part: string, position: number): boolean {
  if (!part.includes('?')) return text.startsWith(part, position);
  for (let i = 0; i < part.length; i += 1) {
    if (part[i] !== '?' && part[i] !== text[position + i]) return false;
  }
  return true;
}

function find(text: string, part: string, from: number): number {
  if (!part.includes('?')) return text.indexOf(part, from);
  for (let at = from; at + part.length <= text.length; at += 1) if (isAt(text, part, at)) return at;
  return -1;
}
