-- Removes from a dispatch stream what every consumer group has acknowledged.
--
-- KEYS[1] dispatch stream
-- ARGV[1] number of groups that must exist; with fewer nothing is removed
--
-- Returns: {entries left, entries read but not acknowledged, entries not read yet by the slowest group (-1 unknown),
--           {group, entries it has read but not acknowledged, age of the oldest entry that it has not acknowledged in ms
--           (0 when there is none), group, ...}, Redis's clock in ms since 1970}
-- Atomicity: an entry that is pending in, or not yet read by, any group is never removed.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0, 0, {}, now} end
local function fields(flat)
  local named = {}
  for i = 1, #flat, 2 do named[flat[i]] = flat[i + 1] end
  return named
end
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
local newest = fields(redis.call('XINFO', 'STREAM', KEYS[1]))['last-generated-id']
local floorMs, floorN
local pendingTotal, lagMost = 0, 0
local groupsOf = {}
-- By the clock that made the ids, so that no two clocks have to agree.
local function age(id)
  return math.max(0, now - tonumber(string.sub(id, 1, string.find(id, '-', 1, true) - 1)))
end
local function lower(id)
  local dash = string.find(id, '-', 1, true)
  local ms, n = tonumber(string.sub(id, 1, dash - 1)), tonumber(string.sub(id, dash + 1))
  if not floorMs or ms < floorMs or (ms == floorMs and n < floorN) then floorMs, floorN = ms, n end
end
for _, flat in ipairs(groups) do
  local group = fields(flat)
  pendingTotal = pendingTotal + group['pending']
  groupsOf[#groupsOf + 1] = group['name']
  groupsOf[#groupsOf + 1] = group['pending']
  -- Redis counts the lag, and may lose count over a restart; a group that has read the newest entry has read all.
  local hasReadAll = group['last-delivered-id'] == newest
  if not hasReadAll then
    if not group['lag'] then
      lagMost = -1
    elseif lagMost >= 0 then
      lagMost = math.max(lagMost, group['lag'])
    end
  end
  if group['pending'] > 0 then
    local oldest = redis.call('XPENDING', KEYS[1], group['name'])[2]
    groupsOf[#groupsOf + 1] = age(oldest)
    lower(oldest)
  else
    local unread = {}
    if not hasReadAll then
      unread = redis.call('XRANGE', KEYS[1], '(' .. group['last-delivered-id'], '+', 'COUNT', 1)
    end
    groupsOf[#groupsOf + 1] = unread[1] and age(unread[1][1]) or 0
    local id = group['last-delivered-id']
    local dash = string.find(id, '-', 1, true)
    lower(string.sub(id, 1, dash) .. string.format('%.0f', tonumber(string.sub(id, dash + 1)) + 1))
  end
end
if #groups >= tonumber(ARGV[1]) and floorMs then
  redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f-%.0f', floorMs, floorN))
end
return {redis.call('XLEN', KEYS[1]), pendingTotal, lagMost, groupsOf, now}
