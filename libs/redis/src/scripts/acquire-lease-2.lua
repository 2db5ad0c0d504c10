-- Takes or renews the ownership of a shard.
--
-- KEYS[1] owner (string '<instance>|<fence>', expiring)
-- KEYS[2] fence counter (string)
-- ARGV[1] the instance that asks
-- ARGV[2] life of the lease, ms
--
-- Returns: the fencing number (>= 1) while the lease is the caller's; 0 when another holds it
-- Atomicity: at most one instance holds a lease; each change of owner has a higher fence.
local owner = redis.call('GET', KEYS[1])
if owner then
  local bar = string.find(owner, '|', 1, true)
  if string.sub(owner, 1, bar - 1) ~= ARGV[1] then return 0 end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return tonumber(string.sub(owner, bar + 1))
end
local fence = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. string.format('%.0f', fence), 'PX', ARGV[2])
return fence
