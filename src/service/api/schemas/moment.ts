import { Type } from 'typebox';
import { RoundhouseError } from '../../errors.ts';

/** A time in a query. */
export const Moment = Type.String({
  // An unescaped "+" of a time zone arrives as a space.
  pattern:
    '^(\\d{1,10}(\\.\\d{1,9})?|\\d{4}-\\d{2}-\\d{2}[Tt]\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?([Zz]|[-+ ]\\d{2}:\\d{2}))$',
  description: 'Earliest time: RFC 3339, or seconds since the epoch',
});

/** @returns milliseconds since the epoch. @throws RoundhouseError `invalid_request` for no time that exists */
export function toMs(moment: string): number {
  if (/^[\d.]+$/.test(moment)) return Number(moment) * 1000;
  const ms = Date.parse(moment.replace(' ', '+'));
  if (Number.isNaN(ms)) throw new RoundhouseError('invalid_request', 'since is not a time that exists');
  return ms;
}
