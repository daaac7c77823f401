-- Puts a rebuild in the place of what there was, in one step.
-- KEYS: status and changed keys, those of the rebuild; then pairs: a key of the rebuild, and the key that it becomes. The first
-- four pairs are the projection's own.
-- ARGV: the generation of the rebuild, how many changed keys there are of either, and the fields of the status.
local FIRST, OWN_PAIRS = 5, 4
if redis.call('HGET', KEYS[3], 'generation') ~= ARGV[1] then
  return 'generation'
end
if redis.call('SCARD', KEYS[2]) ~= tonumber(ARGV[2]) or redis.call('SCARD', KEYS[4]) ~= tonumber(ARGV[3]) then
  return 'keys'
end
local counted = redis.call('HMGET', KEYS[3], 'events', 'missed', 'checkpoint', 'lag', 'streams', 'kind')
-- Changes nothing, and fails where it may not: a script that fails later leaves what it did.
redis.call('RENAME', KEYS[3], KEYS[3])
-- What goes does so in the background, however large it is.
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4])
for i = FIRST, #KEYS, 2 do
  local from, to = KEYS[i], KEYS[i + 1]
  redis.call('UNLINK', to)
  if redis.call('EXISTS', from) == 1 then
    redis.call('RENAME', from, to)
    if i >= FIRST + 2 * OWN_PAIRS then
      redis.call('SADD', KEYS[2], to)
    end
  end
end
redis.call('HSET', KEYS[1], unpack(ARGV, 4))
for i, name in ipairs({ 'events', 'missed', 'checkpoint', 'lag', 'streams', 'kind' }) do
  redis.call('HSET', KEYS[1], name, counted[i] or '')
end
return 'done'
