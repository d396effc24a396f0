import { t } from './i18n.ts';

const LABEL_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9._/-]{0,126}[a-zA-Z0-9])?$/;

/** Parses labels, one `name=value` per line. A line without `=` is a label with an empty value. */
export function parseLabels(text: string): { labels: Record<string, string>; error: string | null } {
  const labels: Record<string, string> = {};
  for (const line of text.split('\n').map((part) => part.trim())) {
    if (line === '') continue;
    const [name = '', ...value] = line.split('=');
    if (!LABEL_NAME.test(name.trim()))
      return { labels, error: t('“{name}” is not a valid label name', { name: name.trim() }) };
    labels[name.trim()] = value.join('=').trim();
  }
  return { labels, error: null };
}
