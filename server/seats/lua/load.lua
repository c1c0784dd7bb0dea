-- Open a closed epoch with what the database says; kept locks that still run stand. Version 1 is announced.
-- `facts.moved` gives for each seat of another former layout its present index or -1; empty if the layout is the same.
-- KEYS: seats locks expiries meta log holders ended deltas orders pins
-- ARGV: epoch not_after now origin facts
-- Returns: OK {}; STALE_EPOCH {}; TOO_LATE {}
local origin, facts = ARGV[4], cmsgpack.unpack(ARGV[5])

if not_after and now > not_after then
  return reply(REPLY.TOO_LATE, {})
end
if meta.epoch ~= epoch or meta.state ~= 'closed' then
  return reply(REPLY.STALE_EPOCH, {})
end

local occupation_of, is_blocked = {}, {}
for _, fields in ipairs(facts.occupations) do
  occupation_of[fields[1]] = {
    order = fields[2], holder = fields[3], until_at = fields[4], deadline = fields[5], row_version = fields[6],
    ordinal = fields[7], fence = fields[8],
  }
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
  local found, owned = former[seat], occupation_of[seat]
  if owned then
    local own = found and found.holder == owned.holder
    local is_sold = owned.until_at == 0
    return {
      holder = owned.holder, expires_at = own and not is_sold and found.expires_at or 0,
      first_at = own and found.first_at or now, ordinal = owned.ordinal, fence = owned.fence, order = owned.order,
      until_at = owned.until_at, deadline = owned.deadline, confirmed = 1,
    }
  end
  if found and not is_blocked[seat] and found.expires_at > now then
    found.order = ''
    return found
  end
end

local opened, set, unset, ends, seats_of, entries, dues = {}, {}, {}, {}, {}, {}, {}
for seat = 0, facts.seat_count - 1 do
  local found = opening_row(seat)
  if found then
    set[#set + 1] = seat
    set[#set + 1] = packed(found)
    stale_fields[tostring(seat)] = nil
    if found.holder ~= '' and (is_lock(found) or is_pin(found)) then
      seats_of[found.holder] = seats_of[found.holder] or {}
      table.insert(seats_of[found.holder], seat)
    end
  end
  if found and found.order ~= '' then
    entries[found.order] = entries[found.order] or {occupation_of[seat].row_version, {}}
    table.insert(entries[found.order][2], seat)
    if is_pin(found) then
      dues[found.order] = found.until_at
    end
  end
  local had = former[seat]
  if had and had.expires_at > 0 and not (found and found.holder == had.holder) then
    note_end(seat, had.holder)
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
local known, asked = {}, {}
for order, entry in pairs(entries) do
  known[#known + 1] = order
  known[#known + 1] = cmsgpack.pack(entry)
end
for order, due in pairs(dues) do
  asked[#asked + 1] = due
  asked[#asked + 1] = order
end
local message = '\150' -- an array of six
  .. cmsgpack.pack(meta.epoch, 1, {}, now, {}) .. origin

write('XADD', log_key, '1-0', 'changes', cmsgpack.pack({}))
write('DEL', expiries_key, holders_key, orders_key, pins_key)
if #facts.moved > 0 then
  write('DEL', ended_key)
end
record_ends()
write_all('HSET', locks_key, set)
write_all('HDEL', locks_key, unset)
write_all('ZADD', expiries_key, ends)
write_all('HSET', holders_key, lists)
write_all('HSET', orders_key, known)
write_all('ZADD', pins_key, asked)
write('SET', seats_key, table.concat(opened))
write(
  'HSET', meta_key, 'state', 'open', 'version', 1, 'writing', 1, 'letters_version', 1, 'layout', facts.layout,
  'seat_count', facts.seat_count, 'opens_at', facts.opens_at, 'closes_at', facts.closes_at, 'max_seats', facts.max_seats,
  'hold_ms', facts.hold_ms, 'max_hold_ms', facts.max_hold_ms, 'log_length', facts.log_length
)
if is_past(facts.closes_at, facts.max_hold_ms) then
  retire(facts.keep_ms)
elseif meta.ends_at then
  stay()
end
write('SPUBLISH', deltas, message)
return reply(REPLY.OK, {})
