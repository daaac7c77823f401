-- Removes all keys of a projection in one step, unless its handlers changed further ones meanwhile.
-- KEYS: the set of the keys that handlers change, the other keys of the projection, and those of the set. ARGV[1]: how many keys the set has.
-- Returns the keys that there were; nil if the set has other ones.
if redis.replicate_commands then redis.replicate_commands() end
if redis.call('SCARD', KEYS[1]) ~= tonumber(ARGV[1]) then
  return false
end
local removed = {}
for _, key in ipairs(KEYS) do
  if redis.call('UNLINK', key) == 1 then
    removed[#removed + 1] = key
  end
end
return removed
