-- Lists a service's instances with the time left of their leases; forgets those long gone.
--
-- KEYS[1] registry of the service (hash: instance -> '<lease end, ms>|<record>')
-- ARGV[1] forget an instance whose lease ended longer ago than this, ms
-- ARGV[2] life of a lease whose record does not say `leaseTtlMs`, ms
--
-- Returns: {instance, ms left (negative: ended), record, instance, ...}
-- Atomicity: all leases are judged at one moment, by the server's clock.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local all = redis.call('HGETALL', KEYS[1])
local result = {}
for i = 1, #all, 2 do
  local bar = string.find(all[i + 1], '|', 1, true)
  local left = tonumber(string.sub(all[i + 1], 1, bar - 1)) - now
  -- Leases end by the wall clock: one that was set back would keep a dead instance for as much longer. No lease has more
  -- left than its life; where that is not said, another setting may be in use beside this one.
  local life = tonumber(string.match(all[i + 1], '"leaseTtlMs":(%d+)', bar + 1))
  if left > (life or 4 * tonumber(ARGV[2])) then
    left = life or tonumber(ARGV[2])
    redis.call('HSET', KEYS[1], all[i], string.format('%.0f', now + left) .. string.sub(all[i + 1], bar))
  end
  if left < -tonumber(ARGV[1]) then
    redis.call('HDEL', KEYS[1], all[i])
  else
    result[#result + 1] = all[i]
    result[#result + 1] = left
    result[#result + 1] = string.sub(all[i + 1], bar + 1)
  end
end
return result
