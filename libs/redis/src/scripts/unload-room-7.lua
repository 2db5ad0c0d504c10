-- Takes a room that nobody uses out of Redis, once everything of it is in SQL and with the gateways.
--
-- KEYS[1] room head (hash: seq, epoch, floor, since, archived, line, idle)
-- KEYS[2] room log (stream)
-- KEYS[3] instances of the room (hash: instance -> users there)
-- KEYS[4] dispatch stream of the room's shard
-- KEYS[5] line of the shard (hash: replid, generation)
-- KEYS[6] facts of the room (hash), KEYS[7] its marks (hash): SQL has them when all is archived
-- ARGV[1] how long a head must be there, ms
-- ARGV[2] epoch that SQL has been told; '' to look only
-- ARGV[3] sequence number that SQL has been told
--
-- Returns: {'none'}   Redis has no head of this room
--          {'busy'}   it has members, is not all archived or delivered, was used since the last look, or is of an ended
--                     generation
--          {'ready', seq, epoch, floor, generation}   tell SQL, then call again with it; nothing is removed
--          {'gone'}   head and log are removed: the position was still the one that SQL has been told
-- Atomicity: nothing can be accepted between the comparison and the removal.
local head = redis.call('HMGET', KEYS[1], 'seq', 'epoch', 'floor', 'since', 'archived', 'line', 'idle')
if not head[1] then return {'none'} end
local line = redis.call('HMGET', KEYS[5], 'replid', 'generation')
-- A server that came back may have less than it had.
if not line[1] or not string.find(redis.call('INFO', 'replication'), 'master_replid:' .. line[1], 1, true) then return {'busy'} end
local generation = line[2] or ''
if (head[6] or '') ~= generation then return {'busy'} end
if redis.call('HLEN', KEYS[3]) > 0 then return {'busy'} end
if tonumber(head[5] or 0) < tonumber(head[1]) then return {'busy'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now - tonumber(head[4] or 0) < tonumber(ARGV[1]) then return {'busy'} end

-- What the room had in the dispatch stream is at or below the newest entry of the first look that found this seq.
local function fields(flat)
  local named = {}
  for i = 1, #flat, 2 do named[flat[i]] = flat[i + 1] end
  return named
end
local exists = redis.call('EXISTS', KEYS[4]) == 1
local idleSeq, idleMs, idleN = string.match(head[7] or '', '^(%d+)|(%d+)%-(%d+)$')
if idleSeq ~= head[1] then
  local newest = exists and fields(redis.call('XINFO', 'STREAM', KEYS[4]))['last-generated-id'] or '0-0'
  redis.call('HSET', KEYS[1], 'idle', head[1] .. '|' .. newest)
  return {'busy'}
end
local function isAbove(id)
  local ms, n = string.match(id, '^(%d+)%-(%d+)$')
  ms, n = tonumber(ms), tonumber(n)
  return ms > tonumber(idleMs) or (ms == tonumber(idleMs) and n > tonumber(idleN))
end
if exists then
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[4])) do
    local group = fields(flat)
    if group['pending'] > 0 then
      if not isAbove(redis.call('XPENDING', KEYS[4], group['name'])[2]) then return {'busy'} end
    elseif not isAbove(group['last-delivered-id']) and group['last-delivered-id'] ~= idleMs .. '-' .. idleN then
      return {'busy'}
    end
  end
end

if head[2] ~= ARGV[2] or head[1] ~= ARGV[3] then return {'ready', tonumber(head[1]), head[2], tonumber(head[3] or 0), generation} end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[6], KEYS[7])
return {'gone'}
