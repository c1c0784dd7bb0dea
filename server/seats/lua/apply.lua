-- Make the seats of an order what the database says of it: pinned until a time, sold (`until_at` 0), or let go.
-- KEYS: seats locks expiries meta log holders ended deltas orders pins
-- ARGV: epoch not_after now origin holder order row_version until_at deadline seats all_seats keep_locks
-- Returns: OK {version}; UNKNOWN_SEAT {seats}
local origin, holder, order, row_version = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local until_at, deadline = tonumber(ARGV[8]), tonumber(ARGV[9])
local seats, all_seats = cmsgpack.unpack(ARGV[10]), cmsgpack.unpack(ARGV[11])
local keep_locks = ARGV[12] == '1'

local refused = refusal()
if refused then
  return refused
end
for _, named in ipairs({seats, all_seats}) do
  local strangers = unknown(named)
  if #strangers > 0 then
    return reply(REPLY.UNKNOWN_SEAT, strangers)
  end
end
local entry = order_entry(order)
if row_version < entry.version then
  return reply(REPLY.OK, {meta.version})
end

-- Told the same again, only a pin of a later attempt that came to nothing is put right, once its time is over.
local again = row_version == entry.version
local function is_settled(seat)
  local found = row(seat)
  return again and not (found and found.order == order and found.confirmed == 0 and found.until_at <= now)
end

local changed, kept = false, {}
for _, seat in ipairs(seats) do
  kept[seat] = true
  local found = row(seat)
  local already = found and found.order == order
  local is_so = already and found.confirmed == 1 and found.until_at == until_at and found.deadline == deadline
  if not is_so and not is_settled(seat) then
    changed = true
    if found and not already and found.holder ~= holder then
      tell(found.holder, 'expired', seat)
    end
    if found and not already and not is_lock(found) then
      -- What was recorded of that order is in doubt: somebody is to ask the database about it.
      local loser = order_entry(found.order)
      loser.version, loser.doubted = 0, true
    end
    give(seat, order, holder, until_at, deadline, 1)
  end
end
for _, seat in ipairs(all_seats) do
  local found = row(seat)
  if not kept[seat] and found and found.order == order and not is_settled(seat) then
    changed = true
    let_go(seat, keep_locks)
  end
end

entry.version = row_version
touched_orders[order] = true
if changed then
  commit(origin)
else
  record_orders()
end
return reply(REPLY.OK, {meta.version})
