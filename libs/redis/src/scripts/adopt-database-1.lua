-- Says which database Redis belongs to from now on.
--
-- KEYS[1] database hash
-- ARGV[1] life that it belongs to so far; '' when there is none
-- ARGV[2] the new life
-- ARGV[3] 1 when tokens that name no database are of this life, else 0
--
-- Returns: 1 when changed, 0 when Redis belongs to another life than ARGV[1]
-- Atomicity: of two that switch at once one wins, and the other learns it.
if (redis.call('HGET', KEYS[1], 'life') or '') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'life', ARGV[2], 'unnamed', ARGV[3], 'beat', 0, 'token', '')
return 1
