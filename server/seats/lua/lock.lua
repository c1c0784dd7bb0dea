-- Lock seats for a holder: all of them or none (mode `all`), or those that are free, in order (mode `any`).
-- KEYS: seats locks expiries meta log holders ended deltas once
-- ARGV: epoch not_after now origin holder mode seats once_name once_hash
-- Returns: OK {version, letters_version, seats, rejected, holds}; UNKNOWN_SEAT {seats}; SALES_CLOSED {};
--   LIMIT_EXCEEDED {{seat, code}...}; SEATS_UNAVAILABLE {{seat, code}...}
local origin, holder, mode, seats = ARGV[4], ARGV[5], ARGV[6], cmsgpack.unpack(ARGV[7])
local once_name, once_hash = ARGV[8], ARGV[9]

local refused = refusal()
if refused then
  return refused
end
local before = replay(once_name, once_hash)
if before then
  return before
end
local strangers = unknown(seats)
if #strangers > 0 then
  return reply(REPLY.UNKNOWN_SEAT, strangers)
end
if now < meta.opens_at or now >= meta.closes_at then
  return reply(REPLY.SALES_CLOSED, {})
end

local had = #holds(holder)
local granted, taken, rejected = {}, {}, {}
local codes = {}
for _, seat in ipairs(seats) do
  local found = row(seat)
  local own = found and found.holder == holder
  local code
  if own and runs(found) then
    granted[#granted + 1] = seat
  elseif not (own and is_pin(found)) and had + #taken >= meta.max_seats then
    code = REPLY.LIMIT_EXCEEDED
  elseif is_free(seat) then
    granted[#granted + 1] = seat
    taken[#taken + 1] = seat
  else
    code = REPLY.SEATS_UNAVAILABLE
    -- In mode `all` a seat counts against the limit also where it is not free: the limit is named first.
    if mode == 'all' and not (own and is_pin(found)) then
      had = had + 1
    end
  end
  if code then
    rejected[#rejected + 1] = {seat, code}
    codes[code] = true
  end
end
if #rejected > 0 and (mode == 'all' or #granted == 0) then
  if codes[REPLY.LIMIT_EXCEEDED] and (mode == 'all' or not codes[REPLY.SEATS_UNAVAILABLE]) then
    return reply(REPLY.LIMIT_EXCEEDED, rejected)
  end
  return reply(REPLY.SEATS_UNAVAILABLE, rejected)
end

local function answer()
  return {meta.version, meta.letters_version, granted, rejected, holds(holder)}
end

-- Nothing but own seats: nothing changes, not even the version.
if #taken > 0 then
  for _, seat in ipairs(taken) do
    tell_expired(seat, holder)
    put(seat, {
      holder = holder, expires_at = now + meta.hold_ms, first_at = now, ordinal = meta.ordinal,
      fence = meta.version + 1, order = '',
    }, 'L')
    tell(holder, 'granted', seat)
  end
  commit(origin, function() keep(answer()) end)
end
return reply(REPLY.OK, answer())
