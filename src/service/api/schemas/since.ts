import { Type } from 'typebox';
import { RoundhouseError } from '../../errors.ts';

/** A query parameter that is a time: RFC 3339. An unescaped `+` of its time zone is accepted. */
export const SinceTime = Type.String({ format: 'date-time', description: 'Earliest time, RFC 3339' });

/** A query parameter that is a time: RFC 3339, or seconds since the epoch. */
export const Since = Type.Union([SinceTime, Type.Number({ minimum: 0, exclusiveMaximum: 1e10 })], {
  description: 'Earliest time: RFC 3339, or seconds since the epoch',
});

/**
 * @returns milliseconds since the epoch
 * @throws RoundhouseError `invalid_request` if there is no such time, such as a leap second
 */
export function toMs(since: string | number): number {
  const ms = typeof since === 'number' ? since * 1000 : Date.parse(since);
  if (Number.isNaN(ms)) throw new RoundhouseError('invalid_request', '`since` is not a valid time');
  return ms;
}
