-- Takes or renews the ownership of a shard.
--
-- KEYS[1] owner (string '<instance>|<fence>', expiring)
-- KEYS[2] fence of the latest owner (string)
-- ARGV[1] the instance that asks
-- ARGV[2] life of the lease, ms
--
-- Returns: the fencing number (>= 1) while the lease is the caller's; 0 when another holds it
-- Atomicity: at most one instance holds a lease; each change of owner has a higher fence, also when Redis has lost the
-- counter: it never is below the clock, and owners change less than once a microsecond.
local owner = redis.call('GET', KEYS[1])
if owner then
  local bar = string.find(owner, '|', 1, true)
  if string.sub(owner, 1, bar - 1) ~= ARGV[1] then return 0 end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return tonumber(string.sub(owner, bar + 1))
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local fence = math.max(tonumber(redis.call('GET', KEYS[2]) or 0) + 1, now)
local text = string.format('%.0f', fence)
redis.call('SET', KEYS[2], text)
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. text, 'PX', ARGV[2])
return fence
