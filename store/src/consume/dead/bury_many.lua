-- Moves pending entries to the dead letters of their group, those that are still pending and in the stream.
-- KEYS: the stream, the dead letters. ARGV: the group, the reason, and the ids.
-- Returns how many were moved, how many were not pending any more, and how many are gone from the stream: these are left as they are.
if redis.replicate_commands then redis.replicate_commands() end
local stream, dead, group, reason = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
-- Before anything changes: whether there is memory for a dead letter, which Redis checks at the first write of a script only, and whether
-- the user may add and acknowledge. The first always fails, because no entry has this id.
local probe = {'XADD', dead, '0-0', 'a', 'b'}
if not string.find(redis.pcall(unpack(probe)).err, '0-0', 1, true) then redis.call(unpack(probe)) end
redis.call('XACK', stream, group, '0-0')
local now = redis.call('TIME')
local at = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
local moved, settled, gone = 0, 0, 0
for place = 3, #ARGV do
  local id = ARGV[place]
  local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
  local entry = redis.call('XRANGE', stream, id, id)[1]
  if not pending then
    settled = settled + 1
  elseif not entry then
    gone = gone + 1
  else
    local words = entry[2]
    local marks = {
      'dead_origin', id, 'dead_reason', reason, 'dead_deliveries', pending[4], 'dead_consumer', pending[2], 'dead_at', at,
    }
    -- Lua passes a list to a command only if it is short; one with more fields is left to the caller.
    if #words + #marks > 7000 then
      return {moved, settled, gone, id}
    end
    for _, word in ipairs(marks) do words[#words + 1] = word end
    redis.call('XADD', dead, '*', unpack(words))
    redis.call('XACK', stream, group, id)
    moved = moved + 1
  end
end
return {moved, settled, gone}
