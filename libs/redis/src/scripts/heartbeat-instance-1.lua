-- Registers an instance or renews its lease, by the server's clock.
--
-- KEYS[1] registry of the service (hash: instance -> '<lease end, ms>|<record>')
-- ARGV[1] instance
-- ARGV[2] record (JSON, opaque)
-- ARGV[3] life of the lease, ms
-- ARGV[4] channel told when the record changed
--
-- Returns: 1 when the record is new or changed, else 0
-- Atomicity: the lease and the record cannot be of different heartbeats.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local before = redis.call('HGET', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + tonumber(ARGV[3])) .. '|' .. ARGV[2])
if before and string.sub(before, string.find(before, '|', 1, true) + 1) == ARGV[2] then return 0 end
redis.call('PUBLISH', ARGV[4], ARGV[1])
return 1
