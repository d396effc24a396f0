import type { RedisLink } from '../../library/redis/index.ts';
import type { Reservation, ReservationOutcome, Reservations } from '../engines/reservations.ts';

/** Longer than a start can take, after which every orchestrator has the engine in its list. */
const LIFETIME_MS = 75_000;

/**
 * Checks and adds a reservation, and deletes those that have ended or cannot be read, and a key of another type.
 * KEYS: hash of reservations by the names of their engines. ARGV: name, lifetime in ms, maximum number of engines,
 * JSON of the claims, JSON of the names of the engines that the caller has.
 * Returns {'reserved'}, {'full'}, or {'taken', all claims of other engines…}.
 */
const RESERVE = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local lifetime = tonumber(ARGV[2])
local known, count = {}, 0
for _, name in ipairs(cjson.decode(ARGV[5])) do
  known[name] = true
  count = count + 1
end
local claimed, reply = {}, {'taken'}
local stored = redis.pcall('HGETALL', KEYS[1])
if stored.err then
  redis.call('DEL', KEYS[1])
  stored = {}
end
for i = 1, #stored, 2 do
  local readable, reservation = pcall(cjson.decode, stored[i + 1])
  local ends = readable and type(reservation) == 'table' and tonumber(reservation.ends)
  if not (ends and ends > now and ends <= now + lifetime and type(reservation.claims) == 'table') then
    redis.call('HDEL', KEYS[1], stored[i])
  elseif stored[i] ~= ARGV[1] then
    if not known[stored[i]] then count = count + 1 end
    for _, claim in ipairs(reservation.claims) do
      claimed[tostring(claim)] = true
      reply[#reply + 1] = tostring(claim)
    end
  end
end
if count >= tonumber(ARGV[3]) then return {'full'} end
local claims = cjson.decode(ARGV[4])
for _, claim in ipairs(claims) do
  if claimed[claim] then return reply end
end
redis.call('HSET', KEYS[1], ARGV[1], cjson.encode({ends = now + lifetime, claims = claims}))
redis.call('PEXPIRE', KEYS[1], lifetime)
return {'reserved'}
`;

/**
 * Reservations of ports and of places for engines, in Redis. While Redis cannot be used, everything is granted: the
 * runtime compares a new engine with those that exist, and an engine whose port is in use does not start.
 */
export class RedisReservations implements Reservations {
  readonly #link: RedisLink;
  readonly #hash: string;
  readonly #onError: (error: unknown) => void;

  /** @param onError called when a command fails */
  constructor(link: RedisLink, onError: (error: unknown) => void) {
    this.#link = link;
    this.#hash = `${link.prefix}:{provisioning}:reservations`;
    this.#onError = onError;
  }

  async reserve({ name, claims, known, maxEngines }: Reservation): Promise<ReservationOutcome> {
    const values = [String(LIFETIME_MS), String(maxEngines), JSON.stringify(claims), JSON.stringify(known)];
    try {
      const reply = await this.#link.send(['EVAL', RESERVE, '1', this.#hash, name, ...values]);
      const [kind, ...taken] = Array.isArray(reply) ? reply.map(String) : [];
      if (kind === 'full') return { kind };
      if (kind === 'taken') return { kind, claims: new Set(taken) };
    } catch (error) {
      this.#onError(error);
    }
    return { kind: 'reserved' };
  }

  release(name: string): void {
    this.#link.send(['HDEL', this.#hash, name]).catch(this.#onError);
  }
}
