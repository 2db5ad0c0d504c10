-- Takes an instance out of the registry.
--
-- KEYS[1] registry of the service (hash)
-- ARGV[1] instance
-- ARGV[2] channel told when it was there
--
-- Returns: 1 when it was there, else 0
-- Atomicity: watchers are told once.
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
redis.call('PUBLISH', ARGV[2], ARGV[1])
return 1
