-- Raises what is known of the database that Redis belongs to; never lowers it.
--
-- KEYS[1] database hash (life, unnamed, beat, token, and the highest ids of all lives: users, rooms)
-- ARGV[1] the life
-- ARGV[2] highest user id issued, or 0
-- ARGV[3] highest room id issued, or 0
-- ARGV[4] number of the newest beat in SQL
-- ARGV[5] its token
--
-- Returns: 1, or 0 when Redis does not belong to this life
-- Atomicity: concurrent raises end at the highest.
if redis.call('HGET', KEYS[1], 'life') ~= ARGV[1] then return 0 end
local function raise(field, value)
  local new = tonumber(value)
  if new <= tonumber(redis.call('HGET', KEYS[1], field) or 0) then return false end
  redis.call('HSET', KEYS[1], field, string.format('%.0f', new))
  return true
end
raise('users', ARGV[2])
raise('rooms', ARGV[3])
if raise('beat', ARGV[4]) then redis.call('HSET', KEYS[1], 'token', ARGV[5]) end
return 1
