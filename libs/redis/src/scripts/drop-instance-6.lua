-- Removes a part of a dead instance's share of a room; the last part removes the instance.
--
-- KEYS[1] instances of the room (hash)
-- KEYS[2] members of the room (sorted set)
-- KEYS[3] names of the members (hash)
-- KEYS[4] the shard's rooms that have members (sorted set: room id, scored by their number)
-- KEYS[5] the shard's rooms that have members on the dead instance (set of room ids)
-- KEYS[6] instances that have such a set (set)
-- ARGV[1] the dead instance
-- ARGV[2] prefix of the per-instance sets of user ids; the same slot as KEYS
-- ARGV[3] room id
-- ARGV[4] users removed at the most
--
-- Returns: {members who are gone with it, users of it that are left}
-- Atomicity: users who are on another instance too stay members.
local dead = ARGV[2] .. ARGV[1]
local others = redis.call('HKEYS', KEYS[1])
local gone = 0
for _, user in ipairs(redis.call('SPOP', dead, ARGV[4])) do
  local elsewhere = false
  for _, other in ipairs(others) do
    if other ~= ARGV[1] and redis.call('SISMEMBER', ARGV[2] .. other, user) == 1 then elsewhere = true break end
  end
  if not elsewhere then
    gone = gone + redis.call('ZREM', KEYS[2], user)
    redis.call('HDEL', KEYS[3], user)
  end
end
local left = redis.call('SCARD', dead)
if left == 0 then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('SREM', KEYS[5], ARGV[3])
  if redis.call('EXISTS', KEYS[5]) == 0 then redis.call('SREM', KEYS[6], ARGV[1]) end
end
local members = redis.call('ZCARD', KEYS[2])
if members == 0 then redis.call('ZREM', KEYS[4], ARGV[3]) else redis.call('ZADD', KEYS[4], members, ARGV[3]) end
return {gone, left}
