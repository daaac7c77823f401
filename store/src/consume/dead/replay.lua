-- Replays a dead letter: to its stream as a new entry with a link to its origin, or to its group alone, under its own id.
-- KEYS: the stream, the dead letters. ARGV: the id of the dead letter; for the group alone its name and how idle the entry is to seem.
-- Returns {'done', id}, or {what is in the way}: 'absent', 'foreign', 'gone', 'pending'.
if redis.replicate_commands then redis.replicate_commands() end
local stream, dead, letter, group = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local entry = redis.call('XRANGE', dead, letter, letter)[1]
if not entry then return {'absent'} end
local words = entry[2]
local marks = {'dead_origin', 'dead_reason', 'dead_deliveries', 'dead_consumer', 'dead_at'}
local first = #words - 2 * #marks
for i, name in ipairs(marks) do
  if words[first + 2 * i - 1] ~= name then return {'foreign'} end
end
local origin, consumer = words[first + 2], words[first + 8]
-- Before anything changes: whether there is memory for an event, which Redis checks at the first write of a script only, and whether the
-- user may add it and delete the dead letter. The first always fails, because no entry has this id.
if not group then
  local probe = {'XADD', stream, '0-0', 'a', 'b'}
  if not string.find(redis.pcall(unpack(probe)).err, '0-0', 1, true) then redis.call(unpack(probe)) end
end
redis.call('XDEL', dead, '0-0')
local id = origin
if group then
  if #redis.call('XRANGE', stream, origin, origin) == 0 then return {'gone'} end
  if #redis.call('XPENDING', stream, group, origin, origin, 1) > 0 then return {'pending'} end
  redis.call('XCLAIM', stream, group, consumer, 0, origin, 'IDLE', ARGV[3], 'RETRYCOUNT', 0, 'FORCE', 'JUSTID')
else
  local again, is_linked = {}, false
  for at = 1, first do
    again[at] = words[at]
    is_linked = is_linked or (at % 2 == 1 and words[at] == 'replay_of')
  end
  -- An event that is replayed for the second time keeps the link to the very first one.
  if not is_linked then
    again[#again + 1], again[#again + 2] = 'replay_of', origin
  end
  id = redis.call('XADD', stream, '*', unpack(again))
end
redis.call('XDEL', dead, letter)
return {'done', id}
