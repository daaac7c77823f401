-- Gives the first entries that a consumer has pending to another consumer, or acknowledges them.
-- KEYS[1]: the stream. ARGV: the group, the consumer, how many entries at most, and the other consumer, if there is one.
-- Returns how many were settled, and how many no longer exist.
if redis.replicate_commands then redis.replicate_commands() end
local group, consumer, heir = ARGV[1], ARGV[2], ARGV[4]
local entries = redis.call('XPENDING', KEYS[1], group, '-', '+', ARGV[3], consumer)
-- Before anything changes: whether the user may delete consumers. There is none of this name.
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], group, '\0none')
local settled, gone = 0, 0
for _, entry in ipairs(entries) do
  local id, idle = entry[1], entry[3]
  if heir and #redis.call('XRANGE', KEYS[1], id, id) == 0 then
    redis.call('XACK', KEYS[1], group, id)
    gone = gone + 1
  elseif heir then
    redis.call('XCLAIM', KEYS[1], group, heir, 0, id, 'IDLE', math.max(idle, 0), 'JUSTID')
    settled = settled + 1
  else
    redis.call('XACK', KEYS[1], group, id)
    settled = settled + 1
  end
end
return {settled, gone}
