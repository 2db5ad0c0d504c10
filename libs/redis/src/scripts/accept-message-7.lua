-- Accepts one message of a room: de-dup, sequence number, room log, hint and dispatch stream in one step.
--
-- KEYS[1] room head (hash: seq, epoch, since, ceiling, archived, floor, line)
-- KEYS[2] room log (stream, ids <seq>-0)
-- KEYS[3] de-dup record of (sender, clientMsgId) (string)
-- KEYS[4] dispatch stream of the room's shard
-- KEYS[5] line of the shard (hash: replid, generation, at, doubt)
-- KEYS[6] mark of a sender whose ids come from the future (string: the latest of them, ms since 1970)
-- KEYS[7] instances that hold the room (hash: instance -> users there)
-- ARGV[1] body: delivered JSON without seq, epoch and closing brace
-- ARGV[2] room id
-- ARGV[3] recipients of a direct message, comma separated; '' for a room message
-- ARGV[4] when the clientMsgId was made, ms since 1970; 0 when it does not say
-- ARGV[5] '1' when the archive has been asked about the id
-- ARGV[6] life of the de-dup record, ms
-- ARGV[7] greatest age of an id that the record surely outlives, ms
-- ARGV[8] most that an id may be ahead of Redis's clock and still be taken at its word, ms
-- ARGV[9] messages to keep in the room log
-- ARGV[10] largest length of the dispatch stream
-- ARGV[11] tail of the de-dup record: what a repeated send is answered (opaque)
-- ARGV[12] prefix of the shard's hint channels; the instance follows
-- ARGV[13] traceparent of the acceptance; '' when it is not traced
--
-- Returns: {'ok', seq, epoch, sequence numbers left below the ceiling, id in the dispatch stream, generation}
--          {'duplicate', seq, epoch, tail}   accepted before; nothing appended
--          {'unproven'}      this server may have less than it had: prove the shard's line first
--          {'no-head'}       Redis knows no position for this room: restore it from SQL first
--          {'ask-archive', 'room' or 'id'}   Redis may have forgotten the id: look in SQL, then call again with
--                            ARGV[5] = 1. 'room': true of everybody's ids now; 'id': of this one
--          {'ceiling'}       no reserved sequence number is left: raise the ceiling first
--          {'overloaded'}    the dispatch stream is full
--          error READONLY    this server has become a replica: leave it
-- Atomicity: two calls for one room cannot get one seq, and the log and the stream cannot differ. master_replid is new
-- at every start and at every promotion, and comes from no file: nothing is accepted between a return and its proof.
-- Redis writes its append file before any output of a turn, so that a hint is seen by nobody before it is kept.
local line = redis.call('HMGET', KEYS[5], 'replid', 'generation', 'at', 'doubt')
local info = redis.call('INFO', 'replication')
if not line[1] or not string.find(info, 'master_replid:' .. line[1], 1, true) then return {'unproven'} end
local generation = line[2] or ''
local head = redis.call('HMGET', KEYS[1], 'seq', 'epoch', 'since', 'ceiling', 'archived', 'line')
if not head[1] or (head[6] or '') ~= generation then return {'no-head'} end

local records = redis.call('MGET', KEYS[3], KEYS[6])
local seen, ahead = records[1], tonumber(records[2] or 0)
if seen then
  -- A write would fail by itself. The new primary may not have what a demoted one still knows.
  if not string.find(info, 'role:master', 1, true) then
    return redis.error_reply("READONLY You can't write against a read only replica.")
  end
  local first = string.find(seen, '|', 1, true)
  local second = string.find(seen, '|', first + 1, true)
  return {'duplicate', tonumber(string.sub(seen, 1, first - 1)), string.sub(seen, first + 1, second - 1), string.sub(seen, second + 1)}
end

local madeAt, asked = tonumber(ARGV[4]), ARGV[5] == '1'
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if not asked then
  local doubt = tonumber(line[4] or 0)
  -- A clock set forward has let records go; set back, it would call their ids recent.
  if now < tonumber(line[3] or 0) - 1000 then
    doubt = now + tonumber(ARGV[8])
    redis.call('HSET', KEYS[5], 'at', string.format('%.0f', now), 'doubt', string.format('%.0f', doubt))
  end
  -- By the clock that records live by: whatever it does, an id is asked about before its record has gone.
  if madeAt < now - tonumber(ARGV[7]) or madeAt > now + tonumber(ARGV[8]) then return {'ask-archive', 'id'} end
  if madeAt < math.max(tonumber(head[3] or 0), doubt) then return {'ask-archive', 'room'} end
  if madeAt <= ahead then return {'ask-archive', 'id'} end
end

local seq = tonumber(head[1]) + 1
local ceiling = tonumber(head[4] or 0)
if seq > ceiling then return {'ceiling'} end
if redis.call('XLEN', KEYS[4]) >= tonumber(ARGV[10]) then return {'overloaded'} end

local epoch = head[2]
local number = string.format('%.0f', seq)
redis.call('HSET', KEYS[1], 'seq', number)
redis.call('XADD', KEYS[2], number .. '-0', 'e', epoch, 'b', ARGV[1])
-- A direct message goes to where its users are, which is not known in this slot: see direct-hints.ts.
local hinted = ARGV[3] == ''
if hinted then
  -- As `hintText` in hint.ts.
  local hint = ARGV[2] .. '|' .. number .. '|' .. epoch .. '||' .. ARGV[1]
  for _, instance in ipairs(redis.call('HKEYS', KEYS[7])) do
    -- As `traceNote` in hint.ts.
    if ARGV[13] ~= '' then
      redis.call('PUBLISH', ARGV[12] .. instance, 'trace|' .. ARGV[2] .. '|' .. number .. '|' .. ARGV[13])
    end
    if redis.call('PUBLISH', ARGV[12] .. instance, hint) == 0 then hinted = false end
  end
end
local traced = ARGV[13] ~= '' and {'p', ARGV[13]} or {}
local entry = redis.call('XADD', KEYS[4], '*', 'r', ARGV[2], 's', number, 'e', epoch, 'b', ARGV[1], 't', ARGV[3], 'h', hinted and '1' or '', unpack(traced))
redis.call('SET', KEYS[3], number .. '|' .. epoch .. '|' .. ARGV[11], 'PX', ARGV[6])
if madeAt > now + tonumber(ARGV[8]) then
  -- When its time comes the id will look recent, and the record will be gone: until then this sender's ids are asked about.
  if madeAt > ahead then
    redis.call('SET', KEYS[6], string.format('%.0f', madeAt), 'PX', string.format('%.0f', madeAt - now + ARGV[6]))
  end
end
if seq % 64 == 0 then
  -- What is not in SQL yet stays in the log, however long it grows: the dispatch stream's bound bounds it too.
  local floor = math.min(seq - tonumber(ARGV[9]), tonumber(head[5] or 0)) + 1
  if floor > 1 then redis.call('XTRIM', KEYS[2], 'MINID', '~', string.format('%.0f-0', floor)) end
end
return {'ok', seq, epoch, ceiling - seq, entry, generation}
