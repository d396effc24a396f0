const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
const TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;

/** IMF-fixdate and the two obsolete formats: https://www.rfc-editor.org/rfc/rfc9110.html#section-5.6.7 */
const FORMATS = [
  new RegExp(String.raw`^[a-z]{3}, (?<day>\d\d) (?<month>[a-z]{3}) (?<year>\d{4}) ${TIME} GMT$`, 'i'),
  new RegExp(String.raw`^[a-z]{6,9}, (?<day>\d\d)-(?<month>[a-z]{3})-(?<year>\d\d) ${TIME} GMT$`, 'i'),
  new RegExp(String.raw`^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \d]\d) ${TIME} (?<year>\d{4})$`, 'i'),
];

/**
 * Parses an HTTP date.
 * @param nowMs current time: a two-digit year more than 50 years ahead of it is in the past
 * @returns milliseconds since the epoch, or undefined for an invalid date
 */
export function parseHttpDate(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  for (const format of FORMATS) {
    const parts = format.exec(text)?.groups;
    if (parts) return toTime(parts, nowMs);
  }
  return undefined;
}

/** Formats milliseconds since the epoch as an HTTP date. */
export function formatHttpDate(ms: number): string {
  return new Date(ms).toUTCString();
}

function toTime(parts: Record<string, string>, nowMs: number): number | undefined {
  const month = MONTHS.indexOf(parts.month!.toLowerCase());
  const [day, hour, minute, second] = [parts.day, parts.hour, parts.minute, parts.second].map(Number);
  // 60 is a leap second.
  if (month < 0 || hour! > 23 || minute! > 59 || second! > 60) return undefined;
  const year = parts.year!.length === 2 ? fullYear(Number(parts.year), nowMs) : Number(parts.year);
  const time = Date.UTC(year, month, day!, hour!, minute!, second!);
  return new Date(Date.UTC(year, month, day!)).getUTCDate() === day ? time : undefined;
}

function fullYear(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}
