-- Undo the pins of an order that was never written: those named, or all of them. What the database said of stays.
-- KEYS: seats locks expiries meta log holders ended deltas orders pins
-- ARGV: epoch not_after now origin order named seats
-- Returns: OK {version}; UNKNOWN_SEAT {seats}
local origin, order, named, seats = ARGV[4], ARGV[5], ARGV[6], cmsgpack.unpack(ARGV[7])

local refused = refusal()
if refused then
  return refused
end
local strangers = unknown(seats)
if #strangers > 0 then
  return reply(REPLY.UNKNOWN_SEAT, strangers)
end

if named == '0' then
  for seat in pairs(order_entry(order).seats) do
    seats[#seats + 1] = seat
  end
  table.sort(seats)
end
local changed = false
for _, seat in ipairs(seats) do
  local found = row(seat)
  if found and found.order == order and found.confirmed == 0 then
    changed = true
    let_go(seat, true)
  end
end
touched_orders[order] = true
if changed then
  commit(origin)
else
  record_orders()
end
return reply(REPLY.OK, {meta.version})
