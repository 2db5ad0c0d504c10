-- Removes from a dispatch stream what every consumer group has acknowledged.
--
-- KEYS[1] dispatch stream
-- ARGV[1] number of groups that must exist; with fewer nothing is removed
--
-- Returns: {entries left, entries read but not acknowledged, entries not read yet by the slowest group (-1 unknown),
--           {group, entries it has read but not acknowledged, group, ...}}
-- Atomicity: an entry that is pending in, or not yet read by, any group is never removed.
if redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0, 0, {}} end
local function fields(flat)
  local named = {}
  for i = 1, #flat, 2 do named[flat[i]] = flat[i + 1] end
  return named
end
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
local newest = fields(redis.call('XINFO', 'STREAM', KEYS[1]))['last-generated-id']
local floorMs, floorN
local pendingTotal, lagMost = 0, 0
local pendingOf = {}
local function lower(id)
  local dash = string.find(id, '-', 1, true)
  local ms, n = tonumber(string.sub(id, 1, dash - 1)), tonumber(string.sub(id, dash + 1))
  if not floorMs or ms < floorMs or (ms == floorMs and n < floorN) then floorMs, floorN = ms, n end
end
for _, flat in ipairs(groups) do
  local group = fields(flat)
  pendingTotal = pendingTotal + group['pending']
  pendingOf[#pendingOf + 1] = group['name']
  pendingOf[#pendingOf + 1] = group['pending']
  -- Redis counts the lag, and may lose count over a restart; a group that has read the newest entry has read all.
  if group['last-delivered-id'] ~= newest then
    if not group['lag'] then
      lagMost = -1
    elseif lagMost >= 0 then
      lagMost = math.max(lagMost, group['lag'])
    end
  end
  if group['pending'] > 0 then
    lower(redis.call('XPENDING', KEYS[1], group['name'])[2])
  else
    local id = group['last-delivered-id']
    local dash = string.find(id, '-', 1, true)
    lower(string.sub(id, 1, dash) .. string.format('%.0f', tonumber(string.sub(id, dash + 1)) + 1))
  end
end
if #groups >= tonumber(ARGV[1]) and floorMs then
  redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f-%.0f', floorMs, floorN))
end
return {redis.call('XLEN', KEYS[1]), pendingTotal, lagMost, pendingOf}
