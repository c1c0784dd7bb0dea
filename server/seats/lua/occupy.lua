-- Pin seats to an order that was paid late: free ones, its holder's own locks, and those that are the order's already.
-- KEYS: seats locks expiries meta log holders ended deltas orders pins
-- ARGV: epoch not_after now origin holder order pin_ms deadline seats
-- Returns: OK {version, {{ordinal, fence}...}}; UNKNOWN_SEAT {seats}; SEATS_UNAVAILABLE {{seat, code}...}
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

local taken = {}
for _, seat in ipairs(seats) do
  local found = row(seat)
  local own = runs(found) and found.holder == holder
  if not (own or (found and found.order == order) or is_free(seat)) then
    taken[#taken + 1] = {seat, REPLY.SEATS_UNAVAILABLE}
  end
end
if #taken > 0 then
  return reply(REPLY.SEATS_UNAVAILABLE, taken)
end

local fences, changed = pin(seats, order, holder, now + pin_ms, deadline)
if changed then
  commit(origin)
end
return reply(REPLY.OK, {meta.version, fences})
