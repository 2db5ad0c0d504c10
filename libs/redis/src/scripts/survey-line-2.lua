-- Reads where a shard stands, and notes Redis's clock.
--
-- KEYS[1] line of the shard (hash: replid, generation, at, doubt)
-- KEYS[2] dispatch stream of the shard
-- ARGV[1] how far the noted time may be behind, ms
-- ARGV[2] most that the time in an id may be ahead of Redis's clock, ms
--
-- Returns: {replid of this server, replid it was last proven under or '', generation, last id of the dispatch stream,
--           1 when it was once promoted, else 0, Redis's clock, ms since 1970}
-- Atomicity: the four belong together. The time is noted on a proven line alone: an older file's is no measure.
local info = redis.call('INFO', 'replication')
local replid = string.match(info, 'master_replid:(%x+)')
local promoted = string.find(info, 'master_replid2:' .. string.rep('0', 40), 1, true) and 0 or 1
local line = redis.call('HMGET', KEYS[1], 'replid', 'generation', 'at')
local last = '0-0'
if redis.call('EXISTS', KEYS[2]) == 1 then
  local stream = redis.call('XINFO', 'STREAM', KEYS[2])
  for i = 1, #stream, 2 do
    if stream[i] == 'last-generated-id' then last = stream[i + 1] end
  end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if line[1] == replid then
  local at = tonumber(line[3] or 0)
  if now < at - 1000 then
    redis.call('HSET', KEYS[1], 'at', string.format('%.0f', now), 'doubt', string.format('%.0f', now + ARGV[2]))
  elseif now > at + tonumber(ARGV[1]) then
    redis.call('HSET', KEYS[1], 'at', string.format('%.0f', now))
  end
end
return {replid, line[1] or '', line[2] or '', last, promoted, now}
