-- Reports who is in a room on one instance, and reads the room's position afterwards.
--
-- KEYS[1] instances of the room (hash: instance -> users there)
-- KEYS[2] members of the room (sorted set: user id, scored by time of joining)
-- KEYS[3] names of the members (hash: user id -> name)
-- KEYS[4] room head (hash)
-- KEYS[5] the shard's rooms that have members (sorted set: room id, scored by their number)
-- KEYS[6] the shard's rooms that have members on this instance (set of room ids)
-- KEYS[7] instances that have such a set (set)
-- KEYS[8] line of the shard (hash)
-- ARGV[1] this instance
-- ARGV[2] prefix of the per-instance sets of user ids; the same slot as KEYS
-- ARGV[3] room id
-- ARGV[4] number of users added
-- ARGV[5..] user id and name of each added, then user ids of those who left
--
-- Returns: {members of the room, users on this instance, seq, epoch}; seq and epoch are false without a standing head
-- Atomicity: a user is a member while any instance's set holds him; sets, members and the shard's indexes cannot drift
-- apart.
local mine = ARGV[2] .. ARGV[1]
local last = 4 + 2 * tonumber(ARGV[4])

-- Redis's clock: members of different gateways stand in one order.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i = 5, last, 2 do
  redis.call('SADD', mine, ARGV[i])
  redis.call('ZADD', KEYS[2], 'NX', now, ARGV[i])
  redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1])
end

local others = #ARGV > last and redis.call('HKEYS', KEYS[1]) or {}
local function leave(user)
  if redis.call('SREM', mine, user) == 0 then return end
  for _, other in ipairs(others) do
    if other ~= ARGV[1] and redis.call('SISMEMBER', ARGV[2] .. other, user) == 1 then return end
  end
  redis.call('ZREM', KEYS[2], user)
  redis.call('HDEL', KEYS[3], user)
end
for i = last + 1, #ARGV do leave(ARGV[i]) end

local here = redis.call('SCARD', mine)
if here == 0 then
  redis.call('HDEL', KEYS[1], ARGV[1])
  if redis.call('SREM', KEYS[6], ARGV[3]) == 1 and redis.call('EXISTS', KEYS[6]) == 0 then redis.call('SREM', KEYS[7], ARGV[1]) end
else
  redis.call('HSET', KEYS[1], ARGV[1], here)
  if redis.call('SADD', KEYS[6], ARGV[3]) == 1 then redis.call('SADD', KEYS[7], ARGV[1]) end
end
local members = redis.call('ZCARD', KEYS[2])
if members == 0 then redis.call('ZREM', KEYS[5], ARGV[3]) else redis.call('ZADD', KEYS[5], members, ARGV[3]) end
local head = redis.call('HMGET', KEYS[4], 'seq', 'epoch', 'line')
-- A head of an ended generation is none.
if (head[3] or '') ~= (redis.call('HGET', KEYS[8], 'generation') or '') then head = {false, false} end
return {members, here, head[1], head[2]}
