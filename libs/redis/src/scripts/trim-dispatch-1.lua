-- Removes from a dispatch stream what every consumer group has acknowledged.
--
-- KEYS[1] dispatch stream
-- ARGV[1] number of groups that must exist; with fewer nothing is removed
--
-- Returns: {entries left, entries read but not acknowledged, entries not read yet by the slowest group (-1 unknown)}
-- Atomicity: an entry that is pending in, or not yet read by, any group is never removed.
if redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0, 0} end
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
local floorMs, floorN
local pendingTotal, lagMost = 0, 0
local function lower(id)
  local dash = string.find(id, '-', 1, true)
  local ms, n = tonumber(string.sub(id, 1, dash - 1)), tonumber(string.sub(id, dash + 1))
  if not floorMs or ms < floorMs or (ms == floorMs and n < floorN) then floorMs, floorN = ms, n end
end
for _, flat in ipairs(groups) do
  local group = {}
  for i = 1, #flat, 2 do group[flat[i]] = flat[i + 1] end
  pendingTotal = pendingTotal + group['pending']
  if group['lag'] and lagMost >= 0 then lagMost = math.max(lagMost, group['lag']) elseif group['lag'] == nil then lagMost = -1 end
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
return {redis.call('XLEN', KEYS[1]), pendingTotal, lagMost}
