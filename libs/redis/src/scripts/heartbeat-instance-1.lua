-- Registers an instance or renews its lease, by the server's clock. A newcomer pays for cleaning up.
--
-- KEYS[1] registry of the service (hash: instance -> '<lease end, ms>|<record>')
-- ARGV[1] instance
-- ARGV[2] record (JSON; its number `load` may change with every heartbeat)
-- ARGV[3] life of the lease, ms
-- ARGV[4] channel told when the record changed in more than its load
-- ARGV[5] largest number of instances
-- ARGV[6] forget an instance whose lease ended longer ago than this, ms
--
-- Returns: 1 when the record is new or changed in more than its load, 0 when not, -1 when there is no room for a newcomer: not registered
-- Atomicity: the lease and the record cannot be of different heartbeats; two newcomers cannot get the last place.
-- What watchers are told of: a load that moves would be an event for everybody, from everybody, at every heartbeat.
local function settled(record) return (string.gsub(record, '"load":[%d%.eE+-]+', '', 1)) end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local before = redis.call('HGET', KEYS[1], ARGV[1])
if not before then
  -- At most ARGV[5] records are ever there, so this is bounded. Killed instances of a service that nobody lists would
  -- otherwise stay for ever. When it is full, those that have just ended make room too: only live ones count.
  local all = redis.call('HGETALL', KEYS[1])
  local kept = #all / 2
  local keepMs = kept >= tonumber(ARGV[5]) and 0 or tonumber(ARGV[6])
  for i = 1, #all, 2 do
    local leaseEnd = tonumber(string.match(all[i + 1], '^%d+') or 0)
    if leaseEnd + keepMs <= now then kept = kept - redis.call('HDEL', KEYS[1], all[i]) end
  end
  if kept >= tonumber(ARGV[5]) then return -1 end
end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + tonumber(ARGV[3])) .. '|' .. ARGV[2])
if before and settled(string.sub(before, string.find(before, '|', 1, true) + 1)) == settled(ARGV[2]) then return 0 end
redis.call('PUBLISH', ARGV[4], ARGV[1])
return 1
