-- Keeps pending entries in the name of a consumer: each that is its own seems to have been delivered just now.
-- KEYS[1]: the stream. ARGV: the group, the consumer, and for each entry its id and the count of deliveries to set, or '' to leave it.
-- Returns for each entry: 1 if it is kept, 0 if it is not this consumer's any more, -1 if it no longer exists in the stream.
if redis.replicate_commands then redis.replicate_commands() end
local stream, group, consumer = KEYS[1], ARGV[1], ARGV[2]
local kept = {}
for at = 3, #ARGV, 2 do
  local id, count = ARGV[at], ARGV[at + 1]
  local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
  local is_kept
  if pending and pending[2] == consumer then
    local words = {stream, group, consumer, 0, id}
    if count ~= '' then
      words[#words + 1], words[#words + 2] = 'RETRYCOUNT', count
    end
    words[#words + 1] = 'JUSTID'
    is_kept = #redis.call('XCLAIM', unpack(words)) > 0
  end
  if is_kept then
    kept[#kept + 1] = 1
  elseif pending and pending[2] ~= consumer or #redis.call('XRANGE', stream, id, id) > 0 then
    kept[#kept + 1] = 0
  else
    kept[#kept + 1] = -1
  end
end
return kept
