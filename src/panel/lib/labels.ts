/** Labels as they are typed: one `name=value` per line; a line without `=` is a label without a value. */
export function parseLabels(text: string): { labels: Record<string, string>; fault: string | null } {
  const labels: Record<string, string> = {};
  for (const line of text.split('\n').map((part) => part.trim())) {
    if (line === '') continue;
    const [name = '', ...value] = line.split('=');
    if (!/^[a-zA-Z0-9](?:[a-zA-Z0-9._/-]{0,126}[a-zA-Z0-9])?$/.test(name.trim()))
      return { labels, fault: `“${name.trim()}” cannot be the name of a label` };
    labels[name.trim()] = value.join('=').trim();
  }
  return { labels, fault: null };
}
