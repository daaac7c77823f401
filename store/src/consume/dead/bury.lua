-- Moves a pending entry to the dead letters of its group.
-- KEYS: the stream, the dead letters. ARGV: the group, the id, the reason, how often and to whom it was delivered as far as the consumer
-- knows, and the fields of the entry.
-- Returns the id of the dead letter, or 'settled' if the entry is not pending any more.
if redis.replicate_commands then redis.replicate_commands() end
local stream, dead, group, id = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local deliveries, consumer = ARGV[4], ARGV[5]
local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
if pending then
  -- Another consumer has it now, and may be handling it. Given back, it has none.
  if pending[2] ~= '' and pending[2] ~= consumer then
    return 'settled'
  end
  consumer, deliveries = pending[2], pending[4]
elseif #redis.call('XRANGE', stream, id, id) > 0 then
  return 'settled'
end
-- Otherwise it is gone from the stream, and a claim took it out of the pending list.

-- Before anything changes: whether there is memory for a dead letter, which Redis checks at the first write of a script only, and whether
-- the user may add and acknowledge. The first always fails, because no entry has this id.
local probe = {'XADD', dead, '0-0', 'a', 'b'}
if not string.find(redis.pcall(unpack(probe)).err, '0-0', 1, true) then redis.call(unpack(probe)) end
redis.call('XACK', stream, group, '0-0')
local words = {}
for at = 6, #ARGV do words[#words + 1] = ARGV[at] end
local now = redis.call('TIME')
local marks = {
  'dead_origin', id, 'dead_reason', ARGV[3], 'dead_deliveries', deliveries, 'dead_consumer', consumer,
  'dead_at', string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000)),
}
for _, word in ipairs(marks) do words[#words + 1] = word end
local buried = redis.call('XADD', dead, '*', unpack(words))
redis.call('XACK', stream, group, id)
return buried
