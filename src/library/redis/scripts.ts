import { Script } from './script.ts';
import { MAX_AHEAD_MS, MAX_CHANGE_NUMBER } from './stored-entry.ts';

/**
 * A lease that lasts longer than this many leases of the caller was set before the clock of the server was set back.
 * Processes of one group have leases of about the same duration.
 */
const MAX_LEASES = 10;

/**
 * Shared by all scripts of a namespace. The state of a namespace is the text `<s> <g>`: the number of its latest change,
 * and its generation, a random ID. An entry of another generation is invalid. An entry is the text `<g> <produced>
 * <lifetime>`, with the times in ms of the server's clock, a line feed, and the bytes of the value. Both are read by
 * MGET, which unlike GET takes keys of another type, as another version may have left them, for missing.
 *
 * `known` is the highest change number that the caller has seen. If Redis has a lower one, it has lost changes:
 * it was flushed, restored, or replaced by a replica that lagged behind. The entries it still has may have been
 * invalidated by one of those, so the namespace gets a new generation.
 *
 * The state of another program may have a number of any size. One that Lua would write as `1e+14` is not used: no process
 * could read that state, and every read would start a new generation.
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
  local s, g = string.match(redis.call('MGET', KEYS[1])[1] or '', '^(%d+) (%S+)$')
  s = tonumber(s or 0)
  known = tonumber(known)
  if s > ${MAX_CHANGE_NUMBER} then g, s = nil, 0 end
  if g and s >= known then return g, s end
  s = math.max(s, known) + 1
  if not try('SET', KEYS[1], s .. ' ' .. fresh) then return false, s end
  redis.call('PUBLISH', channel, s .. ' {"op":"clear","pattern":"*"}')
  return fresh, s
end
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function write(g, ttl, lifetime, bytes)
  local produced = now() - (tonumber(lifetime) - tonumber(ttl))
  local head = g .. ' ' .. string.format('%.0f', produced) .. ' ' .. lifetime
  return try('SET', KEYS[2], head .. '\\n' .. bytes, 'PX', ttl)
end
`;

/**
 * Looks up the entry of a key. Returns its reply, or nil if there is no valid entry. MGET returns nothing for a key of
 * another type, where GET would fail. An entry from the future has been written before the clock of the server was set
 * back: its age is unknown.
 */
const LOOKUP = `
local function lookup(g, s)
  local entry = redis.call('MGET', KEYS[2])[1]
  local generation, produced = string.match(entry or '', '^(%S+) (%d+) %d+\\n')
  local time = now()
  if not g or generation ~= g or tonumber(produced) > time + ${MAX_AHEAD_MS} then return nil end
  return {'hit', g, s, time, entry}
end
`;

/**
 * Returns the number of the latest change and the time of the server in ms.
 * KEYS: state. ARGV: known change number, new generation, channel.
 */
export const LATEST = new Script(`${STATE}
local _, s = state(ARGV[1], ARGV[2], ARGV[3])
return {s, now()}
`);

/**
 * Reads the entry of a key.
 * KEYS: state, entry. ARGV: known change number, new generation, channel.
 * Returns {'hit', g, s, time of the server in ms, entry} or {'miss', g, s, time}; {'unavailable', '', s, time} if Redis
 * is full and the namespace has no state.
 */
export const READ = new Script(`${STATE}${LOOKUP}
local g, s = state(ARGV[1], ARGV[2], ARGV[3])
if not g then return {'unavailable', '', s, now()} end
return lookup(g, s) or {'miss', g, s, now()}
`);

/**
 * Reads the entry of a key, or acquires the lease to load it.
 * KEYS: state, entry, lease. ARGV: known change number, new generation, channel, token, lease in ms.
 * Returns {'hit', g, s, time of the server in ms, entry}, {'lead', g, s, time} with the lease acquired,
 * {'wait', g, s, time, remaining ms of the lease} if another process has it, or {'unavailable', '', s, time} if Redis is
 * full.
 */
export const READ_OR_LEASE = new Script(`${STATE}${LOOKUP}
local g, s = state(ARGV[1], ARGV[2], ARGV[3])
if not g then return {'unavailable', '', s, now()} end
local hit = lookup(g, s)
if hit then return hit end
local lease = redis.pcall('HMGET', KEYS[3], 'g', 't')
if lease[1] == g then
  local remaining = redis.call('PTTL', KEYS[3])
  -- Without an expiry, as after a restore, the lease of a process that died would never end.
  if remaining >= 0 and remaining <= ${MAX_LEASES} * tonumber(ARGV[5]) then
    try('HSET', KEYS[3], 'w', '1')
    return {'wait', g, s, now(), remaining}
  end
end
redis.call('DEL', KEYS[3])
if not try('HSET', KEYS[3], 'g', g, 't', ARGV[4]) then return {'unavailable', '', s, now()} end
redis.call('PEXPIRE', KEYS[3], ARGV[5])
return {'lead', g, s, now()}
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
if ARGV[7] and string.match(redis.call('MGET', KEYS[1])[1] or '', '^%d+ (%S+)$') == ARGV[3] then
  if write(ARGV[3], ARGV[4], ARGV[5], ARGV[7]) then stored = 1 end
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
 * message, and to write an entry its TTL in ms, its value, and optionally NX to write it only if the key has none.
 * Returns the number of the change, or 0 if NX prevented it.
 */
export const CHANGE = new Script(`${STATE}${LOOKUP}
local g, s = state(ARGV[1], ARGV[2], ARGV[3])
if ARGV[7] and g and lookup(g, s) then return 0 end
s = s + 1
if #KEYS == 3 then
  redis.call('DEL', KEYS[2], KEYS[3])
  if g then try('SET', KEYS[1], s .. ' ' .. g) end
  if g and ARGV[6] then write(g, ARGV[5], ARGV[5], ARGV[6]) end
elseif not try('SET', KEYS[1], s .. ' ' .. ARGV[2] .. '+') then
  redis.call('DEL', KEYS[1])
end
redis.call('PUBLISH', ARGV[3], s .. ' ' .. ARGV[4])
return s
`);

/**
 * Writes an entry of a {@link RedisByteStore}, in the format of the entries of a namespace.
 * KEYS: generation, entry. ARGV: generation to use if there is none, TTL in ms, bytes, and optionally NX to write it only
 * if the key has none.
 * Returns {1 if it was written, else 0, time of the server in ms}.
 */
export const SET_BYTES = new Script(`${STATE}${LOOKUP}
local g = redis.call('MGET', KEYS[1])[1]
if not g then
  g = ARGV[1]
  redis.call('SET', KEYS[1], g)
end
if ARGV[4] and lookup(g) then return {0, now()} end
local produced = string.format('%.0f', now())
redis.call('SET', KEYS[2], g .. ' ' .. produced .. ' ' .. ARGV[2] .. '\\n' .. ARGV[3], 'PX', ARGV[2])
return {1, now()}
`);

/** Returns the time of the server in ms. */
export const SERVER_TIME = new Script(`${STATE}
return now()
`);

/**
 * Acquires leadership if there is no leader. The fencing token is at least the time of day in milliseconds, so it
 * increases even if Redis has lost the previous one, or has something else under its key. A leader key without a
 * TTL, as a restored dump or PERSIST leaves one, gets one: nobody could lead ever again. So does one with a TTL that no
 * leader sets, as of a leader that died before the clock of the server was set back.
 * KEYS: leader, fence. ARGV: token, lease in ms. Returns {1, fencing token}, or {0, remaining ms of the leader}.
 */
export const ACQUIRE_LEADERSHIP = new Script(`
local remaining = redis.call('PTTL', KEYS[1])
if remaining == -1 or remaining > ${MAX_LEASES} * tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  remaining = tonumber(ARGV[2])
end
if remaining ~= -2 then return {0, remaining} end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local former = redis.pcall('GET', KEYS[2])
-- Above 2^53, adding 1 changes nothing. Text such as 'nan' and 'inf' is a number for Lua.
former = type(former) == 'string' and string.match(former, '^%d+$') and tonumber(former) or 0
if former >= 2 ^ 53 then former = 0 end
local fence = math.max(former + 1, now)
redis.call('SET', KEYS[2], string.format('%.0f', fence))
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1, fence}
`);

/** Extends leadership. KEYS: leader. ARGV: token, lease in ms. Returns 1, or 0 if the caller is not the leader. */
export const EXTEND_LEADERSHIP = new Script(`
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/** Ends leadership. KEYS: leader. ARGV: token. Returns 1, or 0 if the caller is not the leader. */
export const RELEASE_LEADERSHIP = new Script(`
if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);
