import { Script } from './script.ts';

/**
 * What all scripts of a namespace share. Its state is a random generation `g`, which every entry carries
 * and without which it does not count, and a number `s` that rises with each change that is announced.
 *
 * `known` is the highest number that the caller has seen. A Redis that knows only a lower one has lost
 * something: it was flushed, restored, or replaced by a replica that lagged behind. What it still holds may
 * have been invalidated in what it lost, so the namespace starts anew.
 *
 * A full Redis refuses to write. `try` tells that from all other errors; then there is no generation, and
 * so neither a hit nor a lease.
 */
const STATE = `
local function try(...)
  local result = redis.pcall(...)
  if type(result) ~= 'table' or not result.err then return true end
  if string.find(result.err, 'OOM') then return false end
  return redis.call(...)
end
local function state(known, fresh, channel)
  local held = redis.call('HMGET', KEYS[1], 'g', 's')
  local s = tonumber(held[2] or 0)
  known = tonumber(known)
  if held[1] and s >= known then return held[1], s end
  s = math.max(s, known) + 1
  if not try('HSET', KEYS[1], 'g', fresh, 's', s) then return false, s end
  redis.call('PUBLISH', channel, s .. ' {"op":"clear","pattern":"*"}')
  return fresh, s
end
`;

/** KEYS state. ARGV known, fresh generation, channel. Returns the number of the latest change. */
export const LATEST = new Script(`${STATE}
local _, s = state(ARGV[1], ARGV[2], ARGV[3])
return s
`);

/**
 * KEYS state, entry, lease. ARGV known, fresh generation, channel, token, lease in ms.
 * Returns what the key holds, or who is to load it: {'hit', g, s, bytes, ms left, ms of its whole life},
 * {'lead', g, s}, {'wait', g, s, ms left of the lease} or {'none', '', s}.
 */
export const FETCH = new Script(`${STATE}
local g, s = state(ARGV[1], ARGV[2], ARGV[3])
if not g then return {'none', '', s} end
local entry = redis.call('HMGET', KEYS[2], 'g', 'v', 't')
if entry[1] == g then
  local left = redis.call('PTTL', KEYS[2])
  if left > 0 then return {'hit', g, s, entry[2], left, tonumber(entry[3])} end
end
local lease = redis.call('HMGET', KEYS[3], 'g', 't')
if lease[1] == g then
  try('HSET', KEYS[3], 'w', '1')
  return {'wait', g, s, redis.call('PTTL', KEYS[3])}
end
redis.call('DEL', KEYS[3])
if not try('HSET', KEYS[3], 'g', g, 't', ARGV[4]) then return {'none', '', s} end
redis.call('PEXPIRE', KEYS[3], ARGV[5])
return {'lead', g, s}
`);

/**
 * KEYS state, entry, lease. ARGV channel, token, generation, ms to live, ms of its whole life, wake-up
 * message, bytes. Takes the value from the holder of the lease alone, and only in the generation in which
 * the lease was given: either is gone once the key has been invalidated. Without bytes it ends the lease.
 */
export const STORE = new Script(`${STATE}
local lease = redis.call('HMGET', KEYS[3], 't', 'w')
if lease[1] ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[3])
local stored = 0
if ARGV[7] and redis.call('HGET', KEYS[1], 'g') == ARGV[3] then
  if try('HSET', KEYS[2], 'g', ARGV[3], 'v', ARGV[7], 't', ARGV[5]) then
    redis.call('PEXPIRE', KEYS[2], ARGV[4])
    stored = 1
  end
end
if lease[2] then redis.call('PUBLISH', ARGV[1], '0 ' .. ARGV[6]) end
return stored
`);

/** KEYS lease. ARGV token, ms. */
export const RENEW = new Script(`
if redis.call('HGET', KEYS[1], 't') ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/**
 * KEYS state, and for a change of one key its entry and lease. ARGV known, fresh generation, channel,
 * message, and to replace the value ms to live and bytes. One key is removed; for all others the generation
 * changes, in constant time. If not even that can be written, the state goes: none is no generation either.
 */
export const CHANGE = new Script(`${STATE}
local g, s = state(ARGV[1], ARGV[2], ARGV[3])
s = s + 1
if #KEYS == 3 then
  redis.call('DEL', KEYS[2], KEYS[3])
  try('HSET', KEYS[1], 's', s)
  if ARGV[6] and g and try('HSET', KEYS[2], 'g', g, 'v', ARGV[6], 't', ARGV[5]) then
    redis.call('PEXPIRE', KEYS[2], ARGV[5])
  end
elseif not try('HSET', KEYS[1], 'g', ARGV[2] .. '+', 's', s) then
  redis.call('DEL', KEYS[1])
end
redis.call('PUBLISH', ARGV[3], s .. ' ' .. ARGV[4])
return s
`);

/** KEYS generation, entry. Returns bytes and ms left, or nothing. */
export const GET_BYTES = new Script(`
local g = redis.call('GET', KEYS[1])
if not g then return nil end
local entry = redis.call('HMGET', KEYS[2], 'g', 'v')
if entry[1] ~= g then return nil end
return {entry[2], redis.call('PTTL', KEYS[2])}
`);

/** KEYS generation, entry. ARGV fresh generation, ms to live, bytes. */
export const SET_BYTES = new Script(`
redis.call('SET', KEYS[1], ARGV[1], 'NX')
redis.call('HSET', KEYS[2], 'g', redis.call('GET', KEYS[1]), 'v', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
`);

/**
 * KEYS leader, fence. ARGV token, lease in ms. Returns {1, fence}, or {0, ms left} of the one in office.
 * The fence is at least the time of day: so it rises even if Redis has lost the last one.
 */
export const ACQUIRE_LEADERSHIP = new Script(`
if redis.call('EXISTS', KEYS[1]) == 1 then return {0, redis.call('PTTL', KEYS[1])} end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local fence = math.max(tonumber(redis.call('GET', KEYS[2]) or 0) + 1, now)
redis.call('SET', KEYS[2], fence)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1, fence}
`);

/** KEYS leader. ARGV token, lease in ms. */
export const EXTEND_LEADERSHIP = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/** KEYS leader. ARGV token. */
export const RELEASE_LEADERSHIP = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);
