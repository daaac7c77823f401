-- Reads rows of a table, unless they have too many bytes together: then nothing is read, and the answer is how many they have at least.
-- KEYS[1]: the table. ARGV: how many bytes at most, and the names of the rows.
local bytes, most = 0, tonumber(ARGV[1])
for at = 2, #ARGV do
  bytes = bytes + redis.call('HSTRLEN', KEYS[1], ARGV[at])
  if bytes > most then return bytes end
end
local rows = {}
-- As many at once as Lua passes on for certain.
for from = 2, #ARGV, 1000 do
  local some = redis.call('HMGET', KEYS[1], unpack(ARGV, from, math.min(from + 999, #ARGV)))
  for _, row in ipairs(some) do rows[#rows + 1] = row end
end
return rows
