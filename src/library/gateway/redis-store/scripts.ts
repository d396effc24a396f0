import { Script } from '../../redis/script.ts';

/**
 * The keys of a namespace, in the order in which all scripts get them: generation, entries (hash), time of the last
 * use, time of creation, names (sorted sets), sums (hash). The key of a body is ARGV[1] and its ID. An entry is its
 * body's ID, its memory in Redis, the size of its body, and JSON, separated by spaces.
 */
const PRELUDE = `
local generation, entries, used, created, names, sums = unpack(KEYS)
local function now()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function remove(key, entry, graceMs)
  local id, memory, size = string.match(entry, '^(%S+) (%d+) (%d+) ')
  redis.call('HDEL', entries, key)
  for _, set in ipairs({used, created, names}) do redis.call('ZREM', set, key) end
  redis.call('HINCRBY', sums, 'memory', -memory)
  redis.call('HINCRBY', sums, 'size', -size)
  if graceMs then redis.call('PEXPIRE', ARGV[1] .. id, graceMs)
  else redis.call('UNLINK', ARGV[1] .. id) end
end
`;

/** Returns the generation of a namespace. ARGV[2]: the one to use if there is none. */
export const OPEN = new Script(`
redis.call('SET', KEYS[1], ARGV[2], 'NX')
return redis.call('GET', KEYS[1])
`);

/**
 * Writes a block of a body that is not visible yet. KEYS: body. ARGV: number of the block, bytes, milliseconds after
 * which it is removed unless it becomes visible.
 */
export const WRITE_BLOCK = new Script(`
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
`);

/**
 * Makes an entry visible, and evicts those that were not used for the longest time. ARGV: prefix of bodies, key, ID,
 * generation, size, JSON, time of creation, maximum memory of the namespace, milliseconds that a body outlives its
 * last use, milliseconds that a replaced body stays for its readers. Returns the number of evicted entries, or -1 if
 * the namespace was cleared or the entry has no room.
 */
export const COMMIT = new Script(`${PRELUDE}
local body, key, limit = ARGV[1] .. ARGV[3], ARGV[2], tonumber(ARGV[8])
redis.call('HSET', body, 'end', 1)
local memory = redis.call('MEMORY', 'USAGE', body, 'SAMPLES', 0) + 3 * #key + #ARGV[6] + 400
if redis.call('GET', generation) ~= ARGV[4] or memory > limit then
  redis.call('UNLINK', body)
  return -1
end
local former = redis.call('HGET', entries, key)
if former then remove(key, former, ARGV[10]) end
redis.call('PEXPIRE', body, ARGV[9])
redis.call('HSET', entries, key, ARGV[3] .. ' ' .. memory .. ' ' .. ARGV[5] .. ' ' .. ARGV[6])
redis.call('ZADD', used, now(), key)
redis.call('ZADD', created, ARGV[7], key)
redis.call('ZADD', names, 0, key)
redis.call('HINCRBY', sums, 'size', ARGV[5])
local total = redis.call('HINCRBY', sums, 'memory', memory)
local evicted = 0
while total > limit do
  local oldest = redis.call('ZRANGE', used, 0, 1)
  local victim = oldest[1] == key and oldest[2] or oldest[1]
  if not victim then break end
  remove(victim, redis.call('HGET', entries, victim))
  evicted = evicted + 1
  total = tonumber(redis.call('HGET', sums, 'memory'))
end
return evicted
`);

/**
 * Reads an entry, and renews the lifetime of its body. ARGV: prefix of bodies, key, milliseconds that a body outlives
 * its last use. Returns nil also if Redis has removed the body.
 */
export const READ = new Script(`${PRELUDE}
local entry = redis.call('HGET', entries, ARGV[2])
if not entry then return nil end
if redis.call('PEXPIRE', ARGV[1] .. string.match(entry, '^%S+'), ARGV[3]) == 0 then
  remove(ARGV[2], entry)
  return nil
end
redis.call('ZADD', used, now(), ARGV[2])
return entry
`);

/**
 * Replaces the JSON of an entry. ARGV: prefix of bodies, key, ID of the body that it must have, JSON. Returns 1, or 0
 * if it has another body or is gone.
 */
export const REPLACE = new Script(`${PRELUDE}
local entry = redis.call('HGET', entries, ARGV[2])
if not entry or string.match(entry, '^%S+') ~= ARGV[3] then return 0 end
redis.call('HSET', entries, ARGV[2], string.match(entry, '^%S+ %d+ %d+ ') .. ARGV[4])
return 1
`);

/**
 * Removes an entry. ARGV: prefix of bodies, key, milliseconds that the body stays for its readers, and optionally the
 * ID of the body that it must have. Returns 1, or 0 if there is none.
 */
export const REMOVE = new Script(`${PRELUDE}
local entry = redis.call('HGET', entries, ARGV[2])
if not entry or (ARGV[4] and string.match(entry, '^%S+') ~= ARGV[4]) then return 0 end
remove(ARGV[2], entry, ARGV[3])
return 1
`);

/**
 * Removes all entries in constant time. KEYS: as above, and one for the entries whose bodies remain to be removed.
 * ARGV: prefix of bodies, new generation, milliseconds after which that key is removed. Returns 1 if it has entries.
 */
export const CLEAR = new Script(`${PRELUDE}
redis.call('SET', generation, ARGV[2])
redis.call('UNLINK', used, created, names, sums)
if redis.call('EXISTS', entries) == 0 then return 0 end
redis.call('RENAME', entries, KEYS[7])
return redis.call('PEXPIRE', KEYS[7], ARGV[3])
`);

/** Returns what a namespace contains: entries, size of bodies, memory, oldest and newest time of creation or ''. */
export const USAGE = new Script(`${PRELUDE}
local total = redis.call('HMGET', sums, 'size', 'memory')
local oldest = redis.call('ZRANGE', created, 0, 0, 'WITHSCORES')[2]
local newest = redis.call('ZRANGE', created, -1, -1, 'WITHSCORES')[2]
return {redis.call('HLEN', entries), total[1] or '0', total[2] or '0', oldest or '', newest or ''}
`);

/** Extends a lease. KEYS: lease. ARGV: token, milliseconds. Returns 1, or 0 if another caller has it. */
export const EXTEND_LEASE = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

/** Ends a lease. KEYS: lease. ARGV: token. */
export const END_LEASE = new Script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
`);
