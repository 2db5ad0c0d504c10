-- Declares a shard's line proven on this server, or begins a new generation: the epochs of all its rooms have ended then.
--
-- KEYS[1] line of the shard (hash: replid, generation, void)
-- ARGV[1] replid of the server that was surveyed
-- ARGV[2] generation that was surveyed
-- ARGV[3] generation from now on
-- ARGV[4] '1': also on a line that is proven already
-- ARGV[5] number of the first generation whose logs still hold; '' no change
--
-- Returns: {generation in force, 1 when this call decided, else 0}; {'', 0} when another server answers now
-- Atomicity: decided once per server: a slower second decision, made of what it surveyed before, undoes nothing.
local replid = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
if replid ~= ARGV[1] then return {'', 0} end
local line = redis.call('HMGET', KEYS[1], 'replid', 'generation')
local generation = line[2] or ''
if generation ~= ARGV[2] or (line[1] == replid and ARGV[4] ~= '1') then return {generation, 0} end
redis.call('HSET', KEYS[1], 'replid', replid, 'generation', ARGV[3])
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'void', ARGV[5]) end
return {ARGV[3], 1}
