-- Makes entries that a consumer has pending look as if they had been delivered long ago. What another consumer has by now is left alone.
-- KEYS[1]: the stream. ARGV: the group, the consumer, how idle the entries are to seem in milliseconds; then each id with its count of
-- deliveries.
-- Returns how many entries it was.
if redis.replicate_commands then redis.replicate_commands() end
local stream, group, consumer, idle = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local released = 0
for at = 4, #ARGV, 2 do
  local id, deliveries = ARGV[at], ARGV[at + 1]
  local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
  if pending and pending[2] == consumer then
    redis.call('XCLAIM', stream, group, consumer, 0, id, 'IDLE', idle, 'RETRYCOUNT', deliveries, 'JUSTID')
    released = released + 1
  end
end
return released
