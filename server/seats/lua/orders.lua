-- What the scripts share that give seats to orders and take them back; the loader puts it between each and the prelude.

-- Takes a seat from its order: the lock that was kept underneath stands again if it still runs.
local function let_go(seat)
  local found = row(seat)
  if found.expires_at > now then
    tell(found.holder, 'released', seat)
    put(seat, {
      holder = found.holder, expires_at = found.expires_at, first_at = found.first_at, ordinal = found.ordinal,
      fence = found.fence, order = '',
    }, 'L')
  else
    tell(found.holder, found.expires_at > 0 and 'expired' or 'released', seat)
    put(seat, false, 'A')
  end
end

-- Gives a seat to an order, whoever had it, and tells its holder what that shows: a pin, or a sale (until_at 0). Kept are
-- the fence and, under a pin, the lock of a row that is the order's already or a lock of the same holder that runs.
local function give(seat, order, holder, until_at, deadline, confirmed)
  local found = row(seat)
  local already = found and found.order == order
  local kept = (already or (runs(found) and found.holder == holder)) and found
    or {expires_at = 0, first_at = now, ordinal = meta.ordinal, fence = meta.version + 1}
  if not already or found.until_at == 0 or until_at == 0 or found.deadline ~= deadline then
    tell(holder, 'ordered', seat)
  end
  put(seat, {
    holder = holder, expires_at = until_at > 0 and kept.expires_at or 0, first_at = kept.first_at,
    ordinal = kept.ordinal, fence = kept.fence, order = order, until_at = until_at, deadline = deadline,
    confirmed = confirmed,
  }, 'O')
end

-- Pins seats for an order that the database need not know yet, once it is decided that it may have them. Those that it
-- has by the word of the database stay as they are; of the others the end is moved, never to sooner. Answers the fences.
local function pin(seats, order, holder, until_at, deadline)
  local fences, changed = {}, false
  for place, seat in ipairs(seats) do
    local found = row(seat)
    local already = found and found.order == order
    if not already then
      tell_expired(seat, holder)
    end
    if not already or (found.confirmed == 0 and (until_at > found.until_at or deadline ~= found.deadline)) then
      changed = true
      give(seat, order, holder, already and math.max(until_at, found.until_at) or until_at, deadline, 0)
    end
    fences[place] = {row(seat).ordinal, row(seat).fence}
  end
  return fences, changed
end
