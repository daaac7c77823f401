-- Acknowledges entries, and deletes those of them that no group needs any more: that every group was given and has acknowledged.
-- KEYS[1]: the stream. ARGV: the group, and the ids.
-- Returns for each: 1 if it was deleted, 2 if another group still needs it, -1 if it was not pending.
if redis.replicate_commands then redis.replicate_commands() end
local stream, group = KEYS[1], ARGV[1]
local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return ms, seq
end
-- Numbers of up to 20 digits, which Lua's own would round.
local function is_less(a, b)
  return #a < #b or (#a == #b and a < b)
end
local function is_behind(id, other)
  local ms, seq = parts(id)
  local other_ms, other_seq = parts(other)
  return is_less(other_ms, ms) or (ms == other_ms and is_less(other_seq, seq))
end
local others = {}
for _, info in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local fields = {}
  for at = 1, #info, 2 do fields[info[at]] = info[at + 1] end
  if fields['name'] ~= group then others[#others + 1] = fields end
end
-- Before anything changes: whether the user may acknowledge, delete and look.
redis.call('XACK', stream, group, '0-0')
redis.call('XDEL', stream, '0-0')
redis.call('XPENDING', stream, group, '0-0', '0-0', 1)
local outcomes = {}
for at = 2, #ARGV do
  local id = ARGV[at]
  if redis.call('XACK', stream, group, id) == 0 then
    outcomes[#outcomes + 1] = -1
  else
    local outcome = 1
    for _, other in ipairs(others) do
      if is_behind(id, other['last-delivered-id'])
        or #redis.call('XPENDING', stream, other['name'], id, id, 1) > 0 then
        outcome = 2
      end
    end
    if outcome == 1 then redis.call('XDEL', stream, id) end
    outcomes[#outcomes + 1] = outcome
  end
end
return outcomes
