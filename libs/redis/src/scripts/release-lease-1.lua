-- Gives the ownership of a shard back at once instead of letting it expire.
--
-- KEYS[1] owner (string that begins with '<instance>|')
-- ARGV[1] the instance that releases
--
-- Returns: 1 when it was the caller's, else 0
-- Atomicity: never releases another's lease.
local owner = redis.call('GET', KEYS[1])
if not owner then return 0 end
if string.sub(owner, 1, string.find(owner, '|', 1, true) - 1) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
