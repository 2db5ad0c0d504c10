-- Accepts one message of a room: de-dup, sequence number, room log and dispatch stream in one step.
--
-- KEYS[1] room head (hash: seq, epoch, since, ceiling, archived)
-- KEYS[2] room log (stream, ids <seq>-0)
-- KEYS[3] de-dup record of (sender, clientMsgId) (string)
-- KEYS[4] dispatch stream of the room's shard
-- ARGV[1] body: delivered JSON without seq, epoch and closing brace
-- ARGV[2] room id
-- ARGV[3] recipients of a direct message, comma separated; '' for a room message
-- ARGV[4] when the clientMsgId was made, ms since 1970; 0 when the archive has been asked about it
-- ARGV[5] life of the de-dup record, ms
-- ARGV[6] messages to keep in the room log
-- ARGV[7] largest length of the dispatch stream
-- ARGV[8] tail of the de-dup record: what a repeated send is answered (opaque)
--
-- Returns: {'ok', seq, epoch, sequence numbers left below the ceiling}
--          {'duplicate', seq, epoch, tail}   accepted before; nothing appended
--          {'no-head'}       Redis knows no position for this room: restore it from SQL first
--          {'ask-archive'}   the id is older than this epoch: look in SQL, then call again with ARGV[4] = 0
--          {'ceiling'}       no reserved sequence number is left: raise the ceiling first
--          {'overloaded'}    the dispatch stream is full
-- Atomicity: two calls for one room cannot get one seq, and the log and the stream cannot differ.
local head = redis.call('HMGET', KEYS[1], 'seq', 'epoch', 'since', 'ceiling', 'archived')
if not head[1] then return {'no-head'} end

local seen = redis.call('GET', KEYS[3])
if seen then
  local first = string.find(seen, '|', 1, true)
  local second = string.find(seen, '|', first + 1, true)
  return {'duplicate', tonumber(string.sub(seen, 1, first - 1)), string.sub(seen, first + 1, second - 1), string.sub(seen, second + 1)}
end

local madeAt = tonumber(ARGV[4])
if madeAt > 0 and madeAt < tonumber(head[3] or 0) then return {'ask-archive'} end

local seq = tonumber(head[1]) + 1
local ceiling = tonumber(head[4] or 0)
if seq > ceiling then return {'ceiling'} end
if redis.call('XLEN', KEYS[4]) >= tonumber(ARGV[7]) then return {'overloaded'} end

local epoch = head[2]
local id = string.format('%.0f-0', seq)
redis.call('HSET', KEYS[1], 'seq', string.format('%.0f', seq))
redis.call('XADD', KEYS[2], id, 'e', epoch, 'b', ARGV[1])
redis.call('XADD', KEYS[4], '*', 'r', ARGV[2], 's', string.format('%.0f', seq), 'e', epoch, 'b', ARGV[1], 't', ARGV[3])
redis.call('SET', KEYS[3], string.format('%.0f', seq) .. '|' .. epoch .. '|' .. ARGV[8], 'PX', ARGV[5])
if seq % 64 == 0 then
  -- What is not in SQL yet stays in the log, however long it grows: the dispatch stream's bound bounds it too.
  local floor = math.min(seq - tonumber(ARGV[6]), tonumber(head[5] or 0)) + 1
  if floor > 1 then redis.call('XTRIM', KEYS[2], 'MINID', '~', string.format('%.0f-0', floor)) end
end
return {'ok', seq, epoch, ceiling - seq}
