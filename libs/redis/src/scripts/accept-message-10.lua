-- Accepts one entry of a room, a message or an act: de-dup, rules of the room, sequence number, facts and marks of an act, room log,
-- hint and dispatch stream in one step.
--
-- KEYS[1] room head (hash: seq, epoch, since, ceiling, archived, floor, line)
-- KEYS[2] room log (stream, ids <seq>-0)
-- KEYS[3] de-dup record of (sender, clientMsgId) (string)
-- KEYS[4] dispatch stream of the room's shard
-- KEYS[5] line of the shard (hash: replid, generation, at, doubt)
-- KEYS[6] mark of a sender whose ids come from the future (string: the latest of them, ms since 1970)
-- KEYS[7] instances that hold the room (hash: instance -> users there)
-- KEYS[8] facts of the room (hash: name -> value, v -> seq of the last act); none: everything has its default
-- KEYS[9] slow mark of the sender (string that expires)
-- KEYS[10] marks of the room (hash: seq of the act -> mark as JSON)
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
-- ARGV[14] sender: user id
-- ARGV[15] rank of a sender who has been given no role
-- ARGV[16] '' for a message; of an act JSON: {need: least rank, free: whatever the rank, target: user id, targetRank: that of who has
--          been given no role, lower: the target's rank must be below the sender's, expect: [[name, value or false]], change:
--          [[name, value or false]], mark: text, record: text, marks: most of them}
--
-- Returns: {'ok', seq, epoch, sequence numbers left below the ceiling, id in the dispatch stream, generation}
--          {'duplicate', seq, epoch, tail}   accepted before; nothing appended
--          {'unproven'}      this server may have less than it had: prove the shard's line first
--          {'no-head'}       Redis knows no position for this room: restore it from SQL first
--          {'ask-archive', 'room' or 'id'}   Redis may have forgotten the id: look in SQL, then call again with
--                            ARGV[5] = 1. 'room': true of everybody's ids now; 'id': of this one
--          {'ceiling'}       no reserved sequence number is left: raise the ceiling first
--          {'overloaded'}    the dispatch stream is full
--          {'refused', code, number}   a rule of the room; with SLOW_MODE ms to wait, else until when, ms since 1970, 0 for unknown
--          {'changed'}       facts are not what the act expects: read them, and make it anew
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
  -- A copy that comes late must not be kept: its sender was told that it is not.
  local code, number = string.match(seen, '^x|(%u+_?%u*)|(%d+)$')
  if code then return {'refused', code, tonumber(number)} end
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

-- Rules come after the look-up, so that what is kept stays acknowledged, and before the number: an act is exactly between two entries.
local sender = ARGV[14]
local ranks = {owner = 5, moderator = 4, speaker = 3, member = 2, guest = 1}
local facts = redis.call('HMGET', KEYS[8], 'r' .. sender, 'b' .. sender, 'm' .. sender, 'mode', 'slow', 'opens', 'closes', 'prior')
local rank = ranks[facts[1]] or tonumber(ARGV[15])
-- Refuses for good: remembered as long as what was accepted.
local function refuse(code, number)
  redis.call('SET', KEYS[3], 'x|' .. code .. '|' .. string.format('%.0f', number), 'PX', ARGV[6])
  return {'refused', code, number}
end
if facts[2] and tonumber(facts[2]) > now then return refuse('BANNED', tonumber(facts[2])) end
local act = ARGV[16] ~= '' and cjson.decode(ARGV[16])
local slow = 0
if act then
  if not act.free and rank < act.need then return refuse('FORBIDDEN', 0) end
  if act.target and act.lower then
    local theirs = ranks[redis.call('HGET', KEYS[8], 'r' .. act.target)] or act.targetRank
    if theirs >= rank then return refuse('FORBIDDEN', 0) end
  end
  for _, pair in ipairs(act.expect) do
    if redis.call('HGET', KEYS[8], pair[1]) ~= pair[2] then return {'changed'} end
  end
  if act.mark and redis.call('HLEN', KEYS[10]) >= act.marks then return {'overloaded'} end
else
  if facts[3] and tonumber(facts[3]) > now then return refuse('MUTED', tonumber(facts[3])) end
  local mode = facts[4] or 'everyone'
  if mode == 'closed' then return refuse('ROOM_CLOSED', 0) end
  if rank < 4 then
    if facts[6] and now < tonumber(facts[6]) then return refuse('ROOM_CLOSED', tonumber(facts[6])) end
    if facts[7] and now >= tonumber(facts[7]) then return refuse('ROOM_CLOSED', 0) end
    local least = ({members = 2, speakers = 3, hosts = 4})[mode] or 1
    if rank < least then return refuse('HOSTS_ONLY', 0) end
    -- As long as a panic lasts, whatever the mode: guests were put out, and who was let in again listens.
    if facts[8] and rank < 2 then return refuse('HOSTS_ONLY', 0) end
  end
  slow = rank < 3 and tonumber(facts[5] or 0) or 0
  if slow > 0 then
    local left = redis.call('PTTL', KEYS[9])
    if left > 0 then return {'refused', 'SLOW_MODE', left} end
  end
end

local seq = tonumber(head[1]) + 1
local ceiling = tonumber(head[4] or 0)
if seq > ceiling then return {'ceiling'} end
if redis.call('XLEN', KEYS[4]) >= tonumber(ARGV[10]) then return {'overloaded'} end

local epoch = head[2]
local number = string.format('%.0f', seq)
redis.call('HSET', KEYS[1], 'seq', number)
redis.call('XADD', KEYS[2], number .. '-0', 'e', epoch, 'b', ARGV[1], unpack(act and {'a', sender} or {}))
if act then
  for _, pair in ipairs(act.change) do
    if pair[2] then redis.call('HSET', KEYS[8], pair[1], pair[2]) else redis.call('HDEL', KEYS[8], pair[1]) end
  end
  redis.call('HSET', KEYS[8], 'v', number)
  if act.mark then
    redis.call('HSET', KEYS[10], number, act.mark)
    -- Those about nothing that the log still has are SQL's alone, once it has them. Looked at now and then: it reads them all.
    if redis.call('HLEN', KEYS[10]) % 64 == 0 then
      local first = tonumber(string.match(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1][1], '^%d+'))
      local marks = redis.call('HGETALL', KEYS[10])
      for i = 1, #marks, 2 do
        local to = cjson.decode(marks[i + 1]).range.to or tonumber(marks[i]) - 1
        if to < first and tonumber(marks[i]) <= tonumber(head[5] or 0) then redis.call('HDEL', KEYS[10], marks[i]) end
      end
    end
  end
elseif slow > 0 then
  redis.call('SET', KEYS[9], '1', 'PX', slow * 1000)
end
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
local more = {}
if ARGV[13] ~= '' then more = {'p', ARGV[13]} end
if act then
  more[#more + 1] = 'a'
  more[#more + 1] = act.record
end
local entry = redis.call('XADD', KEYS[4], '*', 'r', ARGV[2], 's', number, 'e', epoch, 'b', ARGV[1], 't', ARGV[3], 'h', hinted and '1' or '', unpack(more))
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
