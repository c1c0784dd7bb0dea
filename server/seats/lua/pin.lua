-- Pin a holder's locks to an order, before the database knows it: they are occupied to all others.
-- KEYS: seats locks expiries meta log holders ended deltas orders pins
-- ARGV: epoch not_after now origin holder order pin_ms deadline seats
-- Returns: OK {version, {{ordinal, fence}...}}; UNKNOWN_SEAT {seats}; SALES_CLOSED {}; CONFLICT {order, seats};
--   GONE {seats}; NOT_HELD {seats}
local origin, holder, order = ARGV[4], ARGV[5], ARGV[6]
local pin_ms, deadline, seats = tonumber(ARGV[7]), tonumber(ARGV[8]), cmsgpack.unpack(ARGV[9])

local refused = refusal()
if refused then
  return refused
end
local strangers = unknown(seats)
if #strangers > 0 then
  return reply(REPLY.UNKNOWN_SEAT, strangers)
end
if now < meta.opens_at or now >= meta.closes_at then
  return reply(REPLY.SALES_CLOSED, {})
end

local other, ordered, gone, missing = nil, {}, {}, {}
for _, seat in ipairs(seats) do
  local found = row(seat)
  local own = found and found.holder == holder
  if own and not is_lock(found) and found.order ~= order then
    other = other or found.order
    ordered[#ordered + 1] = seat
  elseif not (own and runs(found)) and not (found and found.order == order) then
    -- One's own stale lock has ended too, swept or not.
    local list = (own or has_ended(seat, holder)) and gone or missing
    list[#list + 1] = seat
  end
end
if other then
  return reply(REPLY.CONFLICT, {other, ordered})
end
if #gone > 0 then
  return reply(REPLY.GONE, gone)
end
if #missing > 0 then
  return reply(REPLY.NOT_HELD, missing)
end

local fences, changed = pin(seats, order, holder, now + pin_ms, deadline)
if changed then
  commit(origin)
end
return reply(REPLY.OK, {meta.version, fences})
