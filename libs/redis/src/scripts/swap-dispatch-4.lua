-- Puts a shard's dispatch stream aside under the database that its entries are of, and brings another one's back. Nobody
-- accepts messages meanwhile.
--
-- KEYS[1] dispatch stream
-- KEYS[2] line of the shard (hash: streams, the life whose entries are in the stream)
-- KEYS[3] where entries of the old database are kept
-- KEYS[4] where entries of the new database are kept
-- ARGV[1] the new life
--
-- Returns: {entries put aside, entries brought back}
-- Atomicity: repeated after a crash it does nothing more.
if redis.call('HGET', KEYS[2], 'streams') == ARGV[1] then return {0, 0} end
local aside = 0
if redis.call('EXISTS', KEYS[1]) == 1 then aside = redis.call('XLEN', KEYS[1]) end
if aside > 0 then
  local to = KEYS[3]
  -- Never over something that is kept.
  while redis.call('EXISTS', to) == 1 do to = to .. '+' end
  redis.call('RENAME', KEYS[1], to)
else
  -- Workers make empty ones.
  redis.call('DEL', KEYS[1])
end
local back = 0
if redis.call('EXISTS', KEYS[4]) == 1 then
  back = redis.call('XLEN', KEYS[4])
  redis.call('RENAME', KEYS[4], KEYS[1])
end
redis.call('HSET', KEYS[2], 'streams', ARGV[1])
return {aside, back}
