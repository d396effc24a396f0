import { Script } from './script.ts';

/**
 * Shared by all scripts of a namespace. The state of a namespace is a hash of `g`, its generation, and `s`, the
 * number of its latest change. The generation is a random ID; an entry of another generation is invalid.
 *
 * `known` is the highest change number that the caller has seen. If Redis has a lower one, it has lost changes:
 * it was flushed, restored, or replaced by a replica that lagged behind. The entries it still has may have been
 * invalidated by one of those, so the namespace gets a new generation.
 *
 * Redis rejects writes when its memory is full. `try` returns false for that error and raises all others. A
 * namespace whose state cannot be written has no generation, so it has neither hits nor leases.
 */
const STATE = `
local function try(...)
  local result = redis.pcall(...)
  if type(result) ~= 'table' or not result.err then return true end
  if string.find(result.err, 'OOM') then return false end
  return redis.call(...)
end
local function state(known, fresh, channel)
  local stored = redis.call('HMGET', KEYS[1], 'g', 's')
  local s = tonumber(stored[2] or 0)
  known = tonumber(known)
  if stored[1] and s >= known then return stored[1], s end
  s = math.max(s, known) + 1
  if not try('HSET', KEYS[1], 'g', fresh, 's', s) then return false, s end
  redis.call('PUBLISH', channel, s .. ' {"op":"clear","pattern":"*"}')
  return fresh, s
end
`;

/**
 * Looks up the entry of a key. Returns its reply, or nil if there is no valid entry. A key of another type, or an
 * entry with a missing field, is returned without a value, so that the caller counts it as corrupt and removes it.
 */
const LOOKUP = `
local function lookup(g, s)
  local entry = redis.pcall('HMGET', KEYS[2], 'g', 'v', 't')
  if entry.err then return {'hit', g, s} end
  if entry[1] ~= g then return nil end
  local ttl = redis.call('PTTL', KEYS[2])
  if ttl > 0 then return {'hit', g, s, entry[2], ttl, tonumber(entry[3])} end
end
`;

/**
 * Returns the number of the latest change.
 * KEYS: state. ARGV: known change number, new generation, channel.
 */
export const LATEST = new Script(`${STATE}
local _, s = state(ARGV[1], ARGV[2], ARGV[3])
return s
`);

/**
 * Reads the entry of a key.
 * KEYS: state, entry. ARGV: known change number, new generation, channel.
 * Returns {'hit', g, s, bytes, remaining ms, lifetime in ms} or {'miss', g, s}; {'unavailable', '', s} if Redis
 * is full and the namespace has no state.
 */
export const READ = new Script(`${STATE}${LOOKUP}
local g, s = state(ARGV[1], ARGV[2], ARGV[3])
if not g then return {'unavailable', '', s} end
return lookup(g, s) or {'miss', g, s}
`);

/**
 * Reads the entry of a key, or acquires the lease to load it.
 * KEYS: state, entry, lease. ARGV: known change number, new generation, channel, token, lease in ms.
 * Returns {'hit', g, s, bytes, remaining ms, lifetime in ms}, {'lead', g, s} with the lease acquired,
 * {'wait', g, s, remaining ms of the lease} if another process has it, or {'unavailable', '', s} if Redis is full.
 */
export const READ_OR_LEASE = new Script(`${STATE}${LOOKUP}
local g, s = state(ARGV[1], ARGV[2], ARGV[3])
if not g then return {'unavailable', '', s} end
local hit = lookup(g, s)
if hit then return hit end
local lease = redis.pcall('HMGET', KEYS[3], 'g', 't')
if lease[1] == g then
  local remaining = redis.call('PTTL', KEYS[3])
  -- Without an expiry, as after a restore, the lease of a process that died would never end.
  if remaining >= 0 then
    try('HSET', KEYS[3], 'w', '1')
    return {'wait', g, s, remaining}
  end
end
redis.call('DEL', KEYS[3])
if not try('HSET', KEYS[3], 'g', g, 't', ARGV[4]) then return {'unavailable', '', s} end
redis.call('PEXPIRE', KEYS[3], ARGV[5])
return {'lead', g, s}
`);

/**
 * Ends a lease and stores the loaded value, if there is one. The value is stored only if the caller still has the
 * lease and the generation is the one in which it was acquired: an invalidation removes either.
 * KEYS: state, entry, lease. ARGV: channel, token, generation, TTL in ms, lifetime in ms, message for processes
 * that wait for the lease, and optionally the value.
 * Returns 1 if the value was stored, else 0.
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

/**
 * Renews a lease. KEYS: lease. ARGV: token, lease in ms. Returns 0 if the caller no longer has it.
 */
export const RENEW = new Script(`
if redis.call('HGET', KEYS[1], 't') ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/**
 * Removes the entry and the lease of one key, optionally writing a new entry, or starts a new generation, which
 * invalidates the whole namespace in constant time. If Redis is too full to write the new generation, the state is
 * deleted: without a generation no entry is valid either. Publishes the change.
 * KEYS: state, and for a change of one key its entry and lease. ARGV: known change number, new generation, channel,
 * message, and to write an entry its TTL in ms and its value.
 * Returns the number of the change.
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

/**
 * Reads an entry of a {@link RedisByteStore}. KEYS: generation, entry. Returns {bytes, remaining ms} or nil.
 */
export const GET_BYTES = new Script(`
local g = redis.call('GET', KEYS[1])
if not g then return nil end
local entry = redis.pcall('HMGET', KEYS[2], 'g', 'v')
if entry[1] ~= g then return nil end
return {entry[2], redis.call('PTTL', KEYS[2])}
`);

/**
 * Writes an entry of a {@link RedisByteStore}. KEYS: generation, entry. ARGV: generation to use if there is none,
 * TTL in ms, bytes.
 */
export const SET_BYTES = new Script(`
redis.call('SET', KEYS[1], ARGV[1], 'NX')
redis.call('HSET', KEYS[2], 'g', redis.call('GET', KEYS[1]), 'v', ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
`);

/**
 * Acquires leadership if there is no leader. The fencing token is at least the time of day in milliseconds, so it
 * increases even if Redis has lost the previous one.
 * KEYS: leader, fence. ARGV: token, lease in ms. Returns {1, fencing token}, or {0, remaining ms of the leader}.
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

/** Extends leadership. KEYS: leader. ARGV: token, lease in ms. Returns 1, or 0 if the caller is not the leader. */
export const EXTEND_LEADERSHIP = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/** Ends leadership. KEYS: leader. ARGV: token. Returns 1, or 0 if the caller is not the leader. */
export const RELEASE_LEADERSHIP = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);
