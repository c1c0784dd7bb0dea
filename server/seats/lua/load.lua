-- Open a closed epoch with what the database says; kept locks that still run stand. Version 1 is announced.
-- `facts.moved` gives for each seat of another former layout its present index or -1; empty if the layout is the same.
-- KEYS: seats locks expiries meta log holders deltas
-- ARGV: epoch not_after now origin facts
-- Returns: OK {}; STALE_EPOCH {}; TOO_LATE {}
local origin, facts = ARGV[4], cmsgpack.unpack(ARGV[5])

if not_after and now > not_after then
  return reply(REPLY.TOO_LATE, {})
end
if meta.epoch ~= epoch or meta.state ~= 'closed' then
  return reply(REPLY.STALE_EPOCH, {})
end

local order_of, is_blocked = {}, {}
for _, pair in ipairs(facts.occupied) do
  order_of[pair[1]] = pair[2]
end
for _, seat in ipairs(facts.blocked) do
  is_blocked[seat] = true
end

local stored = redis.call('HGETALL', locks_key)
local former, stale_fields = {}, {}
for place = 1, #stored, 2 do
  local seat = tonumber(stored[place])
  stale_fields[stored[place]] = true
  if #facts.moved > 0 then
    seat = facts.moved[seat + 1] or -1
  end
  if seat >= 0 and seat < facts.seat_count then
    former[seat] = unpacked(stored[place + 1])
  end
end

-- The row that a seat opens with, or nil: the database first, then the lock that was kept.
local function opening_row(seat)
  local found, order = former[seat], order_of[seat]
  if order then
    if found and found.order == order then
      return found
    end
    return {
      holder = '', expires_at = 0, first_at = now, ordinal = meta.ordinal, fence = 1, order = order, until_at = 0,
    }
  end
  if found and not is_blocked[seat] and found.expires_at > now then
    found.order, found.until_at = '', 0
    return found
  end
end

local opened, set, unset, ends, seats_of = {}, {}, {}, {}, {}
for seat = 0, facts.seat_count - 1 do
  local found = opening_row(seat)
  if found then
    set[#set + 1] = seat
    set[#set + 1] = packed(found)
    stale_fields[tostring(seat)] = nil
    if found.holder ~= '' then
      seats_of[found.holder] = seats_of[found.holder] or {}
      table.insert(seats_of[found.holder], seat)
    end
  end
  if is_lock(found) then
    ends[#ends + 1] = found.expires_at
    ends[#ends + 1] = seat
  end
  opened[#opened + 1] = found and (is_lock(found) and 'L' or 'O') or is_blocked[seat] and 'B' or 'A'
end
for field in pairs(stale_fields) do
  unset[#unset + 1] = field
end
local lists = {}
for holder, seats in pairs(seats_of) do
  lists[#lists + 1] = holder
  lists[#lists + 1] = cmsgpack.pack(seats)
end
local message = '\150' -- an array of six
  .. cmsgpack.pack(meta.epoch, 1, {}, now, {}) .. origin

write('XADD', log_key, '1-0', 'changes', cmsgpack.pack({}))
write('DEL', expiries_key, holders_key)
write_all('HSET', locks_key, set)
write_all('HDEL', locks_key, unset)
write_all('ZADD', expiries_key, ends)
write_all('HSET', holders_key, lists)
write('SET', seats_key, table.concat(opened))
write(
  'HSET', meta_key, 'state', 'open', 'version', 1, 'writing', 1, 'letters_version', 1, 'layout', facts.layout,
  'seat_count', facts.seat_count, 'opens_at', facts.opens_at, 'closes_at', facts.closes_at, 'max_seats', facts.max_seats,
  'hold_ms', facts.hold_ms, 'max_hold_ms', facts.max_hold_ms, 'log_length', facts.log_length
)
write('SPUBLISH', deltas, message)
return reply(REPLY.OK, {})
