-- What the scripts share that give seats to orders and take them back; the loader puts it between each and the prelude.
local orders_key, pins_key = KEYS[9], KEYS[10]

local orders, touched_orders = {}, {}

-- What is known of an order: `version`, that of its row as last told by the database (0: never), and its set of `seats`.
local function order_entry(order)
  if not orders[order] then
    local found = redis.call('HGET', orders_key, order)
    local fields, set = found and cmsgpack.unpack(found) or {0, {}}, {}
    for _, seat in ipairs(fields[2]) do
      set[seat] = true
    end
    orders[order] = {version = fields[1], seats = set}
  end
  return orders[order]
end

on_row = function(seat, old, new)
  if old and old.order ~= '' then
    order_entry(old.order).seats[seat] = nil
    touched_orders[old.order] = true
  end
  if new and new.order ~= '' then
    order_entry(new.order).seats[seat] = true
    touched_orders[new.order] = true
  end
end

local function for_order_keys(command, ...)
  write(command, orders_key, ...)
  write(command, pins_key, ...)
end

-- Writes what became of the orders touched: row version, seats, and when somebody is to ask about them.
local function record_orders()
  for order in pairs(touched_orders) do
    local entry, seats = order_entry(order), {}
    local due = entry.doubted and now
    for seat in pairs(entry.seats) do
      seats[#seats + 1] = seat
      if is_pin(row(seat)) then
        due = math.min(due or math.huge, row(seat).until_at)
      end
    end
    if #seats > 0 or entry.version > 0 then
      write('HSET', orders_key, order, cmsgpack.pack({entry.version, seats}))
    else
      write('HDEL', orders_key, order)
    end
    if due then
      write('ZADD', pins_key, due, order)
    else
      write('ZREM', pins_key, order)
    end
  end
  if meta.ends_at then
    for_order_keys('PEXPIREAT', meta.ends_at)
  end
end
on_commit = record_orders

-- Whether nobody can hold a seat any more, and nobody does: what then still happens comes from the database.
local function is_past(closes_at, max_hold_ms)
  return now >= closes_at + max_hold_ms
    and redis.call('ZCARD', expiries_key) == 0 and redis.call('ZCARD', pins_key) == 0
end

-- Has all of the showtime go in `keep_ms`, at one time, by the store's own clock.
local function retire(keep_ms)
  local time = redis.call('TIME')
  local ends_at = time[1] * 1000 + math.floor(time[2] / 1000) + keep_ms
  write('HSET', meta_key, 'ends_at', ends_at)
  for_keys('PEXPIREAT', ends_at)
  for_order_keys('PEXPIREAT', ends_at)
end

-- Undoes `retire`: the showtime is on sale once more.
local function stay()
  write('HDEL', meta_key, 'ends_at')
  for_keys('PERSIST')
  for_order_keys('PERSIST')
end

local function has_ended(seat, holder)
  local ended_at = redis.call('ZSCORE', ended_key, ended_member(seat, holder))
  return ended_at and tonumber(ended_at) > now - ENDED_MS
end

-- Takes a seat from its order: the lock that was kept underneath stands again if it still runs and is to be kept.
local function let_go(seat, keep_lock)
  local found = row(seat)
  if keep_lock and found.expires_at > now then
    tell(found.holder, 'released', seat)
    put(seat, {
      holder = found.holder, expires_at = found.expires_at, first_at = found.first_at, ordinal = found.ordinal,
      fence = found.fence, order = '',
    }, 'L')
  else
    tell(found.holder, keep_lock and found.expires_at > 0 and 'expired' or 'released', seat)
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
