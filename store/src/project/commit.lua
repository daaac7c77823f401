-- Stores what a batch came to together with the checkpoint, if nobody moved that meanwhile: all of it, or nothing. A script that
-- fails half-way leaves what it wrote, so whatever is written here can be taken back.
--
-- KEYS: checkpoint, streams, status, state, rows, changed keys; then the keys that handlers change.
-- ARGV, one after the other:
--   the generation and the checkpoint that are expected, the new checkpoint,
--   '1' where the state begins again,
--   the number of streams; for each its key, the position expected ('*' for any), the new position,
--   the number of words of the status, and these words,
--   '1' where the keys that handlers change are to be noted,
--   the writes: a command, the number of its key, and its words.
local OWN_KEYS = 6
local at = 0
local function take()
  at = at + 1
  return ARGV[at]
end

local generation, expected, checkpoint, again = take(), take(), take(), take()
if (redis.call('HGET', KEYS[3], 'generation') or '') ~= generation then
  return 'generation'
end
if (redis.call('GET', KEYS[1]) or '') ~= expected then
  return 'checkpoint'
end
local positions = {}
for _ = 1, tonumber(take()) do
  local stream, before, now = take(), take(), take()
  if before ~= '*' and (redis.call('HGET', KEYS[2], stream) or '') ~= before then
    return 'position'
  end
  positions[#positions + 1] = stream
  positions[#positions + 1] = now
end
local status = {}
for i = 1, tonumber(take()) do
  status[i] = take()
end
local notes = take() == '1'

for i, kind in ipairs({ 'string', 'hash', 'hash', 'string', 'hash', 'set' }) do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= 'none' and found ~= kind then
    return redis.error_reply('ERR the key `' .. KEYS[i] .. '` of the projection holds a ' .. found .. ' where there should be a ' .. kind)
  end
end

-- How to take back what was written, the latest last.
local undo = {}
local function restore_key(key)
  local before, ttl = redis.call('DUMP', key), redis.call('PTTL', key)
  undo[#undo + 1] = function()
    redis.call('DEL', key)
    if before then
      redis.call('RESTORE', key, math.max(ttl, 0), before)
    end
  end
end
local function restore_field(key, field)
  local before = redis.call('HGET', key, field)
  undo[#undo + 1] = function()
    if before then
      redis.call('HSET', key, field, before)
    else
      redis.call('HDEL', key, field)
    end
  end
end
local function failed(reply)
  for i = #undo, 1, -1 do
    undo[i]()
  end
  return reply
end
local function is_error(reply)
  return type(reply) == 'table' and reply.err ~= nil
end

local WORDS = { SET = 1, DEL = 0, HSET = 2, HDEL = 1, HINCRBY = 2, HINCRBYFLOAT = 2 }
-- Changes nothing, and is refused where Redis has no memory left: behind the first write it refuses nothing for that any more.
local first = redis.pcall('HSET', KEYS[3], 'generation', generation)
if is_error(first) then
  return failed(first)
end
-- Never done, since the two words exclude each other; refused in another way where it may not be done.
first = redis.pcall('SET', KEYS[1], checkpoint, 'NX', 'XX')
if not first.err:find('syntax', 1, true) then
  return failed(first, 'SET')
end
if notes then
  for i = OWN_KEYS + 1, #KEYS do
    local added = redis.pcall('SADD', KEYS[6], KEYS[i])
    if is_error(added) then
      return failed(added, 'SADD')
    end
    if added == 1 then
      undo[#undo + 1] = function()
        redis.call('SREM', KEYS[6], KEYS[i])
      end
    end
  end
end
if again == '1' then
  -- What begins again has no state that counts.
  local reply = redis.pcall('DEL', KEYS[2], KEYS[4], KEYS[5])
  if is_error(reply) then
    return failed(reply)
  end
end
while at < #ARGV do
  local command = take()
  local number = tonumber(take())
  local key, words = KEYS[number], WORDS[command]
  if number > OWN_KEYS then
    local is_whole = command == 'SET' or command == 'DEL'
    -- Of another type it has no fields, and is refused below.
    if is_whole then
      restore_key(key)
    elseif redis.call('TYPE', key).ok == 'hash' or redis.call('EXISTS', key) == 0 then
      restore_field(key, ARGV[at + 1])
    end
  end
  local reply = redis.pcall(command, key, unpack(ARGV, at + 1, at + words))
  if is_error(reply) then
    return failed(reply)
  end
  at = at + words
end
local last = { { 'HSET', KEYS[2], unpack(positions) }, { 'HSET', KEYS[3], unpack(status) } }
last[#last + 1] = { 'SET', KEYS[1], checkpoint }
for _, step in ipairs(last) do
  local reply = redis.pcall(unpack(step))
  if is_error(reply) then
    return failed(reply)
  end
end
return 'done'
