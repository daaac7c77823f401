-- Adds all events of a batch to a stream, or none.
-- KEYS[1]: the stream. ARGV: for each event the number of words of its fields, and these words.
local events, at = {}, 1
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  if count == 0 then
    return redis.error_reply('ERR an event needs at least one field')
  end
  local words = {}
  for i = 1, count do
    words[i] = ARGV[at + i]
  end
  events[#events + 1] = words
  at = at + count + 1
end
local ids = {}
for i, words in ipairs(events) do
  ids[i] = redis.call('XADD', KEYS[1], '*', unpack(words))
end
return ids
