-- Takes or renews the ownership of a shard.
--
-- KEYS[1] owner (string '<instance>|<fence>|<life of the lease, ms>', expiring; an older version says no life)
-- KEYS[2] fence of the latest owner (string)
-- ARGV[1] the instance that asks
-- ARGV[2] life of the lease, ms
-- ARGV[3] a fence that is not enough: somebody has seen it, or a higher one, of another owner; 0 when there is none
--
-- Returns: the fencing number (>= 1) while the lease is the caller's; 0 when another holds it
-- Atomicity: at most one instance holds a lease; each change of owner has a higher fence, also when Redis has lost the
-- counter: it never is below the clock, and owners change less than once a microsecond. When it has lost the counter and
-- its clock went back, those who have seen a higher fence say so.
local owner = redis.call('GET', KEYS[1])
if owner then
  local bar = string.find(owner, '|', 1, true)
  if string.sub(owner, 1, bar - 1) ~= ARGV[1] then
    -- Leases end by the wall clock: one that was set back would let a dead owner's live for as much longer. No lease has
    -- more left than its life; where that is not said, another setting may be in use beside this one.
    local life = tonumber(string.match(owner, '|%d+|(%d+)$'))
    if redis.call('PTTL', KEYS[1]) > (life or 4 * tonumber(ARGV[2])) then
      redis.call('PEXPIRE', KEYS[1], life or ARGV[2])
    end
    return 0
  end
  local fence = string.match(owner, '^%d+', bar + 1)
  if tonumber(fence) > tonumber(ARGV[3]) then
    redis.call('SET', KEYS[1], ARGV[1] .. '|' .. fence .. '|' .. ARGV[2], 'PX', ARGV[2])
    return tonumber(fence)
  end
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local fence = math.max(tonumber(redis.call('GET', KEYS[2]) or 0) + 1, now, tonumber(ARGV[3]) + 1)
local text = string.format('%.0f', fence)
redis.call('SET', KEYS[2], text)
redis.call('SET', KEYS[1], ARGV[1] .. '|' .. text .. '|' .. ARGV[2], 'PX', ARGV[2])
return fence
