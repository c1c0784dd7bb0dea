-- Set free seats to `B` (`blocked` 1), or blocked ones back to `A` (0).
-- KEYS: seats locks expiries meta log holders ended deltas
-- ARGV: epoch not_after now origin blocked seats
-- Returns: OK {version}; UNKNOWN_SEAT {seats}; SEATS_UNAVAILABLE {{seat, code}...}
local origin, blocked, seats = ARGV[4], ARGV[5], cmsgpack.unpack(ARGV[6])

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
  if not (is_free(seat) or letter(seat) == 'B') then
    taken[#taken + 1] = {seat, REPLY.SEATS_UNAVAILABLE}
  end
end
if #taken > 0 then
  return reply(REPLY.SEATS_UNAVAILABLE, taken)
end

local changed = false
for _, seat in ipairs(seats) do
  local is_blocked = letter(seat) == 'B'
  if blocked == '1' and not is_blocked then
    changed = true
    tell_expired(seat, '')
    tell('', 'blocked', seat)
    put(seat, false, 'B')
  elseif blocked == '0' and is_blocked then
    changed = true
    tell('', 'unblocked', seat)
    put(seat, false, 'A')
  end
end
if changed then
  commit(origin)
end
return reply(REPLY.OK, {meta.version})
