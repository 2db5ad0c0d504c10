-- Gives a room a position when Redis has none; leaves an existing one alone.
--
-- KEYS[1] room head (hash)
-- ARGV[1] new epoch
-- ARGV[2] last sequence number that may ever have been issued
-- ARGV[3] reserved ceiling: sequence numbers up to it may be issued
-- ARGV[4] now, ms since 1970
-- ARGV[5] highest archived sequence number
--
-- Returns: {seq, epoch, 1 when this call created it, else 0}
-- Atomicity: of two instances restoring at once, one's epoch wins and both learn it.
local head = redis.call('HMGET', KEYS[1], 'seq', 'epoch')
if head[1] then return {tonumber(head[1]), head[2], 0} end
redis.call('HSET', KEYS[1], 'seq', ARGV[2], 'epoch', ARGV[1], 'since', ARGV[4], 'ceiling', ARGV[3], 'archived', ARGV[5], 'floor', ARGV[2])
return {tonumber(ARGV[2]), ARGV[1], 1}
