-- Adds events to a stream, all or none, if the stream is as expected.
--
-- KEYS[1]: the stream. Then, where ARGV[4] is '1': what was kept of its count, on servers that do not count themselves. Then, where there
-- is an idempotency key: its record.
-- ARGV: 'any', 'new', 'exists' or a version; '1' where the version is asked for; how long the record is kept, in ms; '1' where the key of
-- the count is given; the number of words of the trimming, and these words; then for each event the number of words of its fields, and
-- these words.
-- Everything that can be refused is checked before the first event is added: Redis takes back nothing that a script did.
local stream = KEYS[1]
local expected, asks_version, kept_ms = ARGV[1], ARGV[2] == '1', ARGV[3]
local counted, record = nil, KEYS[2]
if ARGV[4] == '1' then
  counted, record = KEYS[2], KEYS[3]
end
local trimming = tonumber(ARGV[5])

if record then
  local kept = redis.call('GET', record)
  if kept then
    return {'again', kept}
  end
end

local kind = redis.call('TYPE', stream).ok
if kind ~= 'none' and kind ~= 'stream' then
  return redis.error_reply('WRONGTYPE Operation against a key holding the wrong kind of value')
end

local at = 5 + trimming + 1
local events = {}
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  events[#events + 1] = {at + 1, at + count}
  at = at + count + 1
end

local length, added, first, last, generated
local function look()
  length, added, first, last, generated = 0, nil, '', '', '0-0'
  if kind == 'none' then
    return nil
  end
  local info = redis.pcall('XINFO', 'STREAM', stream)
  if info.err then
    return info.err
  end
  for i = 1, #info, 2 do
    local name, value = info[i], info[i + 1]
    if name == 'length' then length = value
    elseif name == 'entries-added' then added = value
    elseif name == 'last-generated-id' then generated = value
    elseif name == 'first-entry' and value then first = value[1]
    elseif name == 'last-entry' and value then last = value[1]
    end
  end
end
generated = '0-0'
if asks_version or #events > 1 then
  local refusal = look()
  if refusal and asks_version then
    return redis.error_reply(refusal)
  end
end

local version = -1
if asks_version then
  if kind == 'none' then
    version = 0
  elseif added then
    version = added
  elseif counted then
    -- The server does not count what was added: the length is the version where nothing was ever taken away.
    version = length
    local kept = redis.call('GET', counted)
    if generated ~= '0-0' and (length == 0 or last ~= generated) then
      version = -1
    elseif kept then
      local kept_first, kept_length, kept_last = kept:match('^(%S+) (%S+) (%S+)$')
      kept_length = tonumber(kept_length)
      if first ~= kept_first or length < kept_length or (last == kept_last and length ~= kept_length) then
        version = -1
      end
    end
  end
  local is_new = version == 0
  if (expected == 'new' and not is_new) or (expected == 'exists' and is_new) then
    return {'conflict', version}
  end
  if expected ~= 'any' and expected ~= 'new' and expected ~= 'exists' then
    if version < 0 then
      return {'untold'}
    elseif version ~= tonumber(expected) then
      return {'conflict', version}
    end
  end
end

-- Ids end somewhere. The last six digits tell whether there is room, since a batch has fewer than half a million events.
local ms, seq = generated:match('^(%d+)%-(%d+)$')
if ms == '18446744073709551615' and #seq == 20 and seq:sub(1, 14) == '18446744073709'
  and 551615 - tonumber(seq:sub(15)) < #events then
  return redis.error_reply('ERR The stream has exhausted the last possible ID, unable to add more items')
end

-- Whether what is kept beside the stream may be kept. Never done, since the two words exclude each other; refused in another way where
-- it may not be done.
for _, key in pairs({record, kind == 'stream' and not added and asks_version and counted or nil}) do
  local refused = redis.pcall('SET', key, '', 'NX', 'XX')
  if not refused.err:find('syntax', 1, true) then
    return refused
  end
end

local ids = {}
for i, event in ipairs(events) do
  if i == #events and trimming > 0 then
    local words = {}
    for word = 6, 5 + trimming do
      words[#words + 1] = ARGV[word]
    end
    words[#words + 1] = '*'
    for word = event[1], event[2] do
      words[#words + 1] = ARGV[word]
    end
    ids[i] = redis.call('XADD', stream, unpack(words))
  else
    ids[i] = redis.call('XADD', stream, '*', unpack(ARGV, event[1], event[2]))
  end
end

-- Whether the server counts shows once there is a stream.
local counts = -1
if asks_version then
  if kind == 'none' and counted then
    kind = 'stream'
    look()
  end
  if kind == 'stream' then
    counts = added and 1 or 0
  end
  if version >= 0 then
    version = version + #events
    if counted and counts == 0 then
      redis.call('SET', counted, (first == '' and ids[1] or first) .. ' ' .. version .. ' ' .. ids[#ids])
    end
  end
end
if record then
  redis.call('SET', record, version .. ' ' .. table.concat(ids, ' '), 'PX', kept_ms)
end
return {'added', version, ids, counts}
