/**
 * Extends the lease of an orchestrator, removes those whose lease has ended, and marks their sessions as failed.
 * KEYS: members, sessions, channel. ARGV: id, record, lease in ms, reason of the failures.
 * Returns whether the orchestrator had no lease, then id and record of each member.
 */
export const BEAT = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local lease = tonumber(ARGV[3])
local reply = {redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and 1 or 0}
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f ', now + lease) .. ARGV[2])
local members = redis.call('HGETALL', KEYS[1])
local alive = {}
for i = 1, #members, 2 do
  local ends, record = string.match(members[i + 1], '^(%d+) (.*)$')
  ends = tonumber(ends)
  if ends and ends > now and ends <= now + 2 * lease then
    alive[members[i]] = true
    reply[#reply + 1] = members[i]
    reply[#reply + 1] = record
  else
    redis.call('HDEL', KEYS[1], members[i])
  end
end
local sessions = redis.call('HGETALL', KEYS[2])
for i = 1, #sessions, 2 do
  local readable, session = pcall(cjson.decode, sessions[i + 1])
  if readable and type(session) == 'table' and not alive[session.owner] then
    local status = session.status
    if status == 'starting' or status == 'running' or status == 'stopping' then
      session.status, session.reason, session.endedAt = 'failed', ARGV[4], now
      session.code = 'owner_unreachable'
      session.revision = (tonumber(session.revision) or 0) + 1
      local encoded = cjson.encode(session)
      redis.call('HSET', KEYS[2], sessions[i], encoded)
      redis.call('PUBLISH', KEYS[3], 'session ' .. encoded)
    end
  end
end
return reply
`;

/**
 * Takes an app for a singleton, unless a live orchestrator has it.
 * KEYS: singletons, members. ARGV: hash of the app, id of the orchestrator.
 * Returns the id of the orchestrator that has it now; '' if this one has no lease.
 */
export const CLAIM = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local function isAlive(id)
  local ends = string.match(redis.call('HGET', KEYS[2], id) or '', '^(%d+) ')
  return ends and tonumber(ends) > now
end
local holder = redis.call('HGET', KEYS[1], ARGV[1])
if holder and holder ~= ARGV[2] and isAlive(holder) then return holder end
if not isAlive(ARGV[2]) then return '' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return ARGV[2]
`;

/** Releases an app. KEYS: singletons. ARGV: hash of the app, id of the orchestrator. */
export const RELEASE = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
`;
