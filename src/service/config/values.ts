export interface PortRange {
  first: number;
  last: number;
}

export interface Label {
  name: string;
  value: string;
}

export function parsePortRange(text: string): PortRange {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(text) ?? [];
  const range = { first: Number(first), last: Number(last) };
  if (range.first >= 1 && range.last >= range.first && range.last <= 65_535) return range;
  throw new Error('must be two ports from 1 to 65535, as in 19000-19999');
}

export function parseLabel(text: string): Label {
  const at = text.indexOf('=');
  if (/^[a-zA-Z0-9._/-]+=[\x20-\x7e]+$/.test(text))
    return { name: text.slice(0, at), value: text.slice(at + 1) };
  throw new Error('must be name=value');
}

const UNITS = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };
/** Docker refuses a smaller limit. */
const MIN_MEMORY = 6 * 2 ** 20;

export function parseMemorySize(text: string): number {
  const [, amount, unit] = /^(\d+)([kmg]?)b?$/i.exec(text) ?? [];
  const bytes = Number(amount) * UNITS[(unit ?? '').toLowerCase() as keyof typeof UNITS];
  if (bytes >= MIN_MEMORY && Number.isSafeInteger(bytes)) return bytes;
  throw new Error('must be at least 6m, as in 512m or 2g');
}

export function parseOrigin(text: string): string {
  if (text === '*' || URL.parse(text)?.origin === text) return text;
  throw new Error('must be * or an origin as browsers send it, as in http://panel.example:8080');
}

export function parsePrefix(text: string): string {
  if (/^[a-zA-Z0-9_.:-]{1,64}$/.test(text)) return text;
  throw new Error('must be up to 64 letters, digits and . : _ -');
}

export function parseUrl(text: string): string {
  const url = URL.parse(text);
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return text.replace(/\/+$/, '');
  throw new Error('must be an http or https URL');
}
