-- Gives a room a position when Redis has none, or one of an ended generation; leaves a standing one alone.
--
-- KEYS[1] room head (hash)
-- KEYS[2] line of the shard (hash)
-- KEYS[3] room log (stream)
-- KEYS[4] facts of the room (hash, see accept-message-10.lua)
-- KEYS[5] marks of the room (hash)
-- ARGV[1] new epoch
-- ARGV[2] last sequence number that may ever have been issued
-- ARGV[3] reserved ceiling: sequence numbers up to it may be issued
-- ARGV[4] highest archived sequence number
-- ARGV[5] most that the time in an id may be ahead of Redis's clock, ms
-- ARGV[6] epoch that has ended although its head stands; '' none
-- ARGV[7] sequence number that has been seen in that epoch: it has ended when the head is below
-- ARGV[8] last moment at which what was read for this may be used, ms since 1970 by Redis's clock; '' any
-- ARGV[9] generation in which it was read, or that it is of; counts with ARGV[8]
-- ARGV[10] '' for a new epoch. For one that SQL has kept, and that goes on: its first sequence number is above this
-- ARGV[11] number of facts that SQL has
-- ARGV[12..] name and value of each fact, then seq and text of each mark that SQL has
--
-- Returns: {seq, epoch, floor, 1 when this call created it, else 0}
--          {'unproven'}   this server may have less than it had: prove the shard's line first
--          {'late'}       what was read is too old: read again
--          {'ended'}      another generation has begun, or Redis knows more than what SQL has kept
-- Atomicity: of two instances restoring at once, one's epoch wins and both learn it. One that was paused in between does
-- not restore below numbers that others have issued since, when the room has left Redis again.
local line = redis.call('HMGET', KEYS[2], 'replid', 'generation', 'void')
if not line[1] or not string.find(redis.call('INFO', 'replication'), 'master_replid:' .. line[1], 1, true) then
  return {'unproven'}
end
local generation = line[2] or ''
local head = redis.call('HMGET', KEYS[1], 'seq', 'epoch', 'line', 'floor')
local stands = head[1] and (head[3] or '') == generation
if stands and not (head[2] == ARGV[6] and tonumber(head[1]) < tonumber(ARGV[7])) then
  return {tonumber(head[1]), head[2], tonumber(head[4] or 0), 0}
end

local kept = ARGV[10] ~= ''
-- A head that is there is of another generation, and so may know of numbers that a kept position does not.
if kept and head[1] then return {'ended'} end
if ARGV[8] ~= '' then
  if generation ~= ARGV[9] then return {'ended'} end
  local time = redis.call('TIME')
  if time[1] * 1000 + math.floor(time[2] / 1000) > tonumber(ARGV[8]) then return {'late'} end
end
local floor = math.max(tonumber(ARGV[2]), tonumber(head[1] or 0))
-- Generations before `void` were of another database: what their logs hold is not this room's.
local number = tonumber(string.match(head[3] or '', '^%d+') or 0)
if number < tonumber(line[3] or 0) then redis.call('DEL', KEYS[3], KEYS[4], KEYS[5]) end
-- What SQL has counts if it knows a later act. Else what is here has all acts up to its last one, and SQL may lack some of them.
local last, told = 11 + 2 * tonumber(ARGV[11]), 0
for i = 12, last, 2 do
  if ARGV[i] == 'v' then told = tonumber(ARGV[i + 1]) end
end
local here = redis.call('HGET', KEYS[4], 'v')
if not here or told > tonumber(here) then
  redis.call('DEL', KEYS[4])
  for i = 12, last, 2 do redis.call('HSET', KEYS[4], ARGV[i], ARGV[i + 1]) end
end
for i = last + 1, #ARGV, 2 do redis.call('HSET', KEYS[5], ARGV[i], ARGV[i + 1]) end
local since = 0
if floor > 0 then
  -- Ids made before now may have been used; a sender's clock may be ahead.
  local time = redis.call('TIME')
  since = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[5])
end
local text = string.format('%.0f', floor)
local start = kept and ARGV[10] or text
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'seq', text, 'epoch', ARGV[1], 'since', string.format('%.0f', since), 'ceiling', ARGV[3], 'archived', ARGV[4], 'floor', start, 'line', generation)
return {floor, ARGV[1], tonumber(start), 1}
