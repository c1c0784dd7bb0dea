-- Release a holder's locks among the seats named, or all of them (no seats given).
-- KEYS: seats locks expiries meta log holders ended deltas
-- ARGV: epoch not_after now origin holder named seats
-- Returns: OK {version, letters_version, seats, rejected, holds}; UNKNOWN_SEAT {seats}
local origin, holder, named, seats = ARGV[4], ARGV[5], ARGV[6], cmsgpack.unpack(ARGV[7])

local refused = refusal()
if refused then
  return refused
end
local strangers = unknown(seats)
if #strangers > 0 then
  return reply(REPLY.UNKNOWN_SEAT, strangers)
end

if named == '0' then
  for place, hold in ipairs(holds(holder)) do
    seats[place] = hold[1]
  end
end
local released = {}
for _, seat in ipairs(seats) do
  local found = row(seat)
  if runs(found) and found.holder == holder then
    released[#released + 1] = seat
    put(seat, false, 'A')
    tell(holder, 'released', seat)
  end
end
if #released > 0 then
  commit(origin, function() forget_ends(released, holder) end)
end
return reply(REPLY.OK, {meta.version, meta.letters_version, released, {}, holds(holder)})
