-- Give a holder's locks a full hold from now, never past the cap from their first lock: those named, or all of them.
-- KEYS: seats locks expiries meta log holders ended deltas once
-- ARGV: epoch not_after now origin holder named seats once_name once_hash
-- Returns: OK {version, letters_version, seats, rejected, holds}; UNKNOWN_SEAT {seats}; NOT_HELD {seats}; HOLD_CAP {}
local origin, holder, named, seats = ARGV[4], ARGV[5], ARGV[6], cmsgpack.unpack(ARGV[7])
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

local missing = {}
if named == '0' then
  for _, hold in ipairs(holds(holder)) do
    if runs(row(hold[1])) then
      seats[#seats + 1] = hold[1]
    end
  end
else
  for _, seat in ipairs(seats) do
    local found = row(seat)
    if not (runs(found) and found.holder == holder) then
      missing[#missing + 1] = seat
    end
  end
end
if #missing > 0 or #seats == 0 then
  return reply(REPLY.NOT_HELD, missing)
end

local extended = {}
for _, seat in ipairs(seats) do
  local found = row(seat)
  local cap = found.first_at + meta.max_hold_ms
  if found.expires_at < cap then
    extended[#extended + 1] = seat
    put(seat, {
      holder = holder, expires_at = math.max(found.expires_at, math.min(now + meta.hold_ms, cap)),
      first_at = found.first_at, ordinal = found.ordinal, fence = found.fence, order = '',
    }, 'L')
    tell(holder, 'extended', seat)
  end
end
if #extended == 0 then
  return reply(REPLY.HOLD_CAP, {})
end
local function answer()
  return {meta.version, meta.letters_version, extended, {}, holds(holder)}
end
commit(origin, function() keep(answer()) end)
return reply(REPLY.OK, answer())
