-- Removes the oldest entries of a stream as far as every group has acknowledged them.
--
-- KEYS[1]: the stream. ARGV[1]: '=' or '~'.
-- Returns how many went, or -1 where there is no group.
local stream, precision = KEYS[1], ARGV[1]

-- Whether an id comes before another one. Numbers of 64 bits are compared as text, which Lua's own numbers would round.
local function is_before(a, b)
  local a_ms, a_seq = a:match('^(%d+)%-(%d+)$')
  local b_ms, b_seq = b:match('^(%d+)%-(%d+)$')
  for _, pair in ipairs({{a_ms, b_ms}, {a_seq, b_seq}}) do
    if pair[1] ~= pair[2] then
      if #pair[1] ~= #pair[2] then
        return #pair[1] < #pair[2]
      end
      return pair[1] < pair[2]
    end
  end
  return false
end

local groups = redis.call('XINFO', 'GROUPS', stream)
if #groups == 0 then
  return -1
end
-- The first entry that a group still needs; nil where each group has acknowledged all.
local needed = nil
for _, group in ipairs(groups) do
  local name, delivered, pending
  for i = 1, #group, 2 do
    if group[i] == 'name' then name = group[i + 1]
    elseif group[i] == 'last-delivered-id' then delivered = group[i + 1]
    elseif group[i] == 'pending' then pending = group[i + 1]
    end
  end
  local firsts = {}
  -- A group that was set back has pending entries behind those that it is given next.
  local following = redis.call('XRANGE', stream, '(' .. delivered, '+', 'COUNT', 1)
  if following[1] then firsts[1] = following[1][1] end
  if pending > 0 then firsts[#firsts + 1] = redis.call('XPENDING', stream, name)[2] end
  for _, first in ipairs(firsts) do
    if not needed or is_before(first, needed) then
      needed = first
    end
  end
end
if needed then
  return redis.call('XTRIM', stream, 'MINID', precision, needed)
end
return redis.call('XTRIM', stream, 'MAXLEN', precision, 0)
