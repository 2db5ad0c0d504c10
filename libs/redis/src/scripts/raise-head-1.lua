-- Raises one of a room head's watermarks; never lowers it, never creates a head.
--
-- KEYS[1] room head (hash)
-- ARGV[1] field: 'ceiling' or 'archived'
-- ARGV[2] new value; 'archived' ends at the head's seq: an archive may know more than a Redis that stepped back
--
-- Returns: 1 when raised, else 0
-- Atomicity: concurrent raises end at the highest.
local head = redis.call('HMGET', KEYS[1], 'seq', ARGV[1])
if not head[1] then return 0 end
local value = tonumber(ARGV[2])
if ARGV[1] == 'archived' then value = math.min(value, tonumber(head[1])) end
if tonumber(head[2] or 0) >= value then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', value))
return 1
