-- Free those seats that are the order's; a lock that was kept underneath and still runs stands again.
-- KEYS: seats locks expiries meta log holders deltas
-- ARGV: epoch not_after now origin order seats
-- Returns: OK {version}; UNKNOWN_SEAT {seats}
local origin, order, seats = ARGV[4], ARGV[5], cmsgpack.unpack(ARGV[6])

local refused = refusal()
if refused then
  return refused
end
local strangers = unknown(seats)
if #strangers > 0 then
  return reply(REPLY.UNKNOWN_SEAT, strangers)
end

local changed = false
for _, seat in ipairs(seats) do
  local found = row(seat)
  if found and found.order == order then
    changed = true
    if found.expires_at > now then
      tell(found.holder, 'released', seat)
      put(seat, {
        holder = found.holder, expires_at = found.expires_at, first_at = found.first_at, ordinal = found.ordinal,
        fence = found.fence, order = '', until_at = 0,
      }, 'L')
    else
      if found.holder ~= '' then
        tell(found.holder, found.expires_at > 0 and 'expired' or 'released', seat)
      end
      put(seat, false, 'A')
    end
  end
end
if changed then
  commit(origin)
end
return reply(REPLY.OK, {meta.version})
