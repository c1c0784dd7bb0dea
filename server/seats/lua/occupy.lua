-- Set seats to `O` for an order: pinned until a time with the locks underneath kept, or sold (`until_at` 0).
-- KEYS: seats locks expiries meta log holders deltas
-- ARGV: epoch not_after now origin holder order until_at seats
-- Returns: OK {version}; UNKNOWN_SEAT {seats}; SEATS_UNAVAILABLE {{seat, code}...}
local origin, holder, order, until_at, seats = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), cmsgpack.unpack(ARGV[8])

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

local changed = false
for _, seat in ipairs(seats) do
  local found = row(seat)
  local already = found and found.order == order
  -- What a release falls back to: the lock of this holder, or the one that the pin already keeps.
  local kept = (already or runs(found)) and found
    or {holder = holder, expires_at = 0, first_at = now, ordinal = meta.ordinal, fence = meta.version + 1}
  local owner = kept.holder ~= '' and kept.holder or holder
  if not already then
    tell_expired(seat, owner)
  end
  if not (already and found.until_at == until_at) then
    changed = true
    if until_at > 0 then
      put(seat, {
        holder = owner, expires_at = kept.expires_at, first_at = kept.first_at, ordinal = kept.ordinal,
        fence = kept.fence, order = order, until_at = until_at,
      }, 'O')
    else
      put(seat, {
        holder = '', expires_at = 0, first_at = kept.first_at, ordinal = kept.ordinal, fence = kept.fence,
        order = order, until_at = 0,
      }, 'O')
    end
    if owner ~= '' then
      tell(owner, 'ordered', seat)
    end
  end
end
if changed then
  commit(origin)
end
return reply(REPLY.OK, {meta.version})
