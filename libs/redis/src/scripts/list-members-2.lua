-- Who is in a room: the exact number, and the newest members with their names.
--
-- KEYS[1] members of the room (sorted set)
-- KEYS[2] names of the members (hash)
-- ARGV[1] how many to list at the most; 0 for the number alone
-- ARGV[2] above this number of members none is listed
--
-- Returns: {number, user id, name, user id, name, ...}
-- Atomicity: number and list are of one moment.
local result = {redis.call('ZCARD', KEYS[1])}
local most = tonumber(ARGV[1])
if most == 0 or result[1] > tonumber(ARGV[2]) then return result end
local users = redis.call('ZREVRANGE', KEYS[1], 0, most - 1)
if #users == 0 then return result end
local names = redis.call('HMGET', KEYS[2], unpack(users))
for i, user in ipairs(users) do
  result[#result + 1] = user
  result[#result + 1] = names[i] or ''
end
return result
