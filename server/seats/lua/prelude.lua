-- What every script shares; the loader puts it in front of each, after `local REPLY = {...}`.
--
-- A script decides first and writes last: it asks `refusal`, reads seats with `row` and `letter`, says what becomes
-- of them with `put`, and ends in `commit`, which alone writes. A row is a seat that somebody has:
--   a lock    order ''; it runs while expires_at > now, and is stale after
--   a pin     order and until_at set; the lock underneath is kept as it was (expires_at 0: there was none); others are
--             asked after until_at, its holder is shown deadline; confirmed 1 once the database has said so
--   a sale    order set, until_at 0, expires_at 0; holder is who bought it
local seats_key, locks_key, expiries_key, meta_key, log_key, holders_key, ended_key, deltas =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local epoch, not_after, injected_now = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

-- Milliseconds by the store's own clock; tests inject theirs.
local now = injected_now
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local meta = {}
do
  local names = {
    'epoch', 'state', 'ordinal', 'version', 'letters_version', 'seat_count', 'opens_at', 'closes_at', 'max_seats',
    'hold_ms', 'max_hold_ms', 'log_length', 'layout', 'writing', 'ends_at',
  }
  local values = redis.call('HMGET', meta_key, unpack(names))
  meta.epoch, meta.state = values[1] or '', values[2] or ''
  for place = 3, #names do
    meta[names[place]] = tonumber(values[place])
  end
end

-- What `commit` made happen: {holder or '', cause, seats}, of each.
local told = {}

local function reply(code, body)
  return cmsgpack.pack({code, now, body, meta.version or 0, told})
end

-- Refuses a command that comes too late, that expects another epoch, or that meets a mutation which broke off half-way:
-- only a new epoch, rebuilt from the rows, mends that.
local function refusal()
  if not_after and now > not_after then
    return reply(REPLY.TOO_LATE, {})
  end
  if meta.epoch ~= epoch or meta.state ~= 'open' then
    return reply(REPLY.STALE_EPOCH, {})
  end
  if meta.writing ~= meta.version then
    return reply(REPLY.TORN, {})
  end
end

-- Those of `seats` that the layout does not have.
local function unknown(seats)
  local found = {}
  for _, seat in ipairs(seats) do
    if seat < 0 or seat >= meta.seat_count then
      found[#found + 1] = seat
    end
  end
  return found
end

local function unpacked(packed)
  local fields = cmsgpack.unpack(packed)
  return {
    holder = fields[1], expires_at = fields[2], first_at = fields[3], ordinal = fields[4], fence = fields[5],
    order = fields[6] or '', until_at = fields[7], deadline = fields[8], confirmed = fields[9],
  }
end

local function packed(row)
  if row.order == '' then
    return cmsgpack.pack({row.holder, row.expires_at, row.first_at, row.ordinal, row.fence})
  end
  return cmsgpack.pack({
    row.holder, row.expires_at, row.first_at, row.ordinal, row.fence, row.order, row.until_at, row.deadline,
    row.confirmed,
  })
end

local rows, letters = {}, {}

-- The seat's row, or false.
local function row(seat)
  if rows[seat] == nil then
    local found = redis.call('HGET', locks_key, seat)
    rows[seat] = found and unpacked(found) or false
  end
  return rows[seat]
end

local function letter(seat)
  if not letters[seat] then
    letters[seat] = redis.call('GETRANGE', seats_key, seat, seat)
  end
  return letters[seat]
end

local function is_lock(found)
  return found and found.order == ''
end

local function runs(found)
  return is_lock(found) and found.expires_at > now
end

local function is_pin(found)
  return found and found.order ~= '' and found.until_at > 0
end

-- Whether anybody may take the seat: available, or under a lock past its expiry.
local function is_free(seat)
  local found = row(seat)
  if found then
    return is_lock(found) and not runs(found)
  end
  return letter(seat) == 'A'
end

local indexes = {}

-- The set of seats that the holder has locks on, stale ones among them, or pins; what it bought is not in it.
local function index(holder)
  if not indexes[holder] then
    local set = {}
    local found = redis.call('HGET', holders_key, holder)
    if found then
      for _, seat in ipairs(cmsgpack.unpack(found)) do
        set[seat] = true
      end
    end
    indexes[holder] = set
  end
  return indexes[holder]
end

-- What the holder has, by seat: locks that run, and pins. Rows as the port documents them.
local function holds(holder)
  local seats = {}
  for seat in pairs(index(holder)) do
    local found = row(seat)
    if runs(found) or is_pin(found) then
      seats[#seats + 1] = seat
    end
  end
  table.sort(seats)
  local list = {}
  for place, seat in ipairs(seats) do
    local found = row(seat)
    local pinned = is_pin(found)
    list[place] = {
      seat, pinned and found.deadline or found.expires_at, found.first_at, found.ordinal, found.fence,
      pinned and found.order or cjson.null,
    }
  end
  return list
end

-- What the scripts that know orders do with each row that comes or goes, and what they write of it with a commit.
local on_row, on_commit

local pending, pending_seats, touched = {}, {}, {}

-- What becomes of a seat: a row or false, and its letter. Nothing is written before `commit`.
local function put(seat, new_row, new_letter)
  if not pending[seat] then
    pending[seat] = {row = row(seat), letter = letter(seat)}
    pending_seats[#pending_seats + 1] = seat
  end
  local old = row(seat)
  if old and old.holder ~= '' then
    index(old.holder)[seat] = nil
    touched[old.holder] = true
  end
  if new_row and new_row.holder ~= '' and (is_lock(new_row) or is_pin(new_row)) then
    index(new_row.holder)[seat] = true
    touched[new_row.holder] = true
  end
  if on_row then
    on_row(seat, old, new_row)
  end
  rows[seat], letters[seat] = new_row, new_letter
end

local function write(...)
  return redis.call(...)
end

-- One command for as many arguments as Lua can unpack safely.
local function write_all(command, key, arguments)
  for first = 1, #arguments, 4000 do
    write(command, key, unpack(arguments, first, math.min(first + 3999, #arguments)))
  end
end

-- For an hour it is known whose hold on a seat ended otherwise than by its holder's own wish.
local ENDED_MS = 3600000
local new_ends = {}

local function ended_member(seat, holder)
  return string.format('%d %s', seat, holder)
end

local function note_end(seat, holder)
  new_ends[#new_ends + 1] = now
  new_ends[#new_ends + 1] = ended_member(seat, holder)
end

local function record_ends()
  if #new_ends > 0 then
    write('ZREMRANGEBYSCORE', ended_key, '-inf', now - ENDED_MS)
    write_all('ZADD', ended_key, new_ends)
  end
end

-- Whoever gives seats up does not miss them, though an earlier hold on them ended by itself.
local function forget_ends(seats, holder)
  local members = {}
  for place, seat in ipairs(seats) do
    members[place] = ended_member(seat, holder)
  end
  write_all('ZREM', ended_key, members)
end

-- Who lost or gained what ('' for nobody): {holder, cause, seats}; ends are announced before grants.
local causes, cause_of = {}, {}

local function tell(holder, cause, seat)
  if cause == 'expired' then
    note_end(seat, holder)
  end
  local key = cause .. ' ' .. holder
  local entry = cause_of[key]
  if not entry then
    entry = {holder, cause, {}}
    cause_of[key], causes[#causes + 1] = entry, entry
  end
  local seats = entry[3]
  seats[#seats + 1] = seat
end

-- Tells the holder of the stale lock on a seat that `by` takes ('' for nobody); one's own is simply granted anew.
local function tell_expired(seat, by)
  local found = row(seat)
  if found and found.holder ~= by then
    tell(found.holder, 'expired', seat)
  end
end

-- One command for each key of a showtime, but for those that only the scripts about orders have.
local function for_keys(command, ...)
  for _, key in ipairs({seats_key, locks_key, expiries_key, meta_key, log_key, holders_key, ended_key}) do
    write(command, key, ...)
  end
end

-- Writes all that was put as the next version, logs it and announces it. `writing` names the version before anything
-- else is written, and `version` follows last, so that a mutation which breaks off in between is known for that; all rows
-- go in one command, so that it leaves all of them or none. `also`, if given, writes what belongs to the rows, after them.
local function commit(origin, also)
  local changes, set, unset, ends, ended = {}, {}, {}, {}, {}
  for _, seat in ipairs(pending_seats) do
    local old, new = pending[seat], row(seat)
    if old.letter ~= letters[seat] then
      changes[#changes + 1] = {seat, letters[seat]}
    end
    if new then
      set[#set + 1] = seat
      set[#set + 1] = packed(new)
    elseif old.row then
      unset[#unset + 1] = seat
    end
    if is_lock(new) then
      ends[#ends + 1] = new.expires_at
      ends[#ends + 1] = seat
    elseif is_lock(old.row) then
      ended[#ended + 1] = seat
    end
  end
  local lists, emptied = {}, {}
  for holder in pairs(touched) do
    local list = {}
    for seat in pairs(index(holder)) do
      list[#list + 1] = seat
    end
    if #list > 0 then
      lists[#lists + 1] = holder
      lists[#lists + 1] = cmsgpack.pack(list)
    else
      emptied[#emptied + 1] = holder
    end
  end
  local private = {}
  for _, ending in ipairs({true, false}) do
    for _, entry in ipairs(causes) do
      if (entry[2] == 'expired') == ending then
        told[#told + 1] = entry
        if entry[1] ~= '' then
          private[#private + 1] = {entry[1], entry[2], entry[3], holds(entry[1])}
        end
      end
    end
  end
  local version = meta.version + 1
  meta.version = version
  if #changes > 0 then
    meta.letters_version = version
  end
  local packed_changes = cmsgpack.pack(changes)
  local message = '\150' -- an array of six
    .. cmsgpack.pack(meta.epoch, version) .. packed_changes .. cmsgpack.pack(now, private) .. origin

  write('HSET', meta_key, 'writing', version)
  write('XADD', log_key, 'MAXLEN', '=', meta.log_length, string.format('%d-0', version), 'changes', packed_changes)
  write_all('HSET', locks_key, set)
  write_all('HDEL', locks_key, unset)
  if also then
    also()
  end
  for _, change in ipairs(changes) do
    write('SETRANGE', seats_key, change[1], change[2])
  end
  write_all('ZADD', expiries_key, ends)
  write_all('ZREM', expiries_key, ended)
  write_all('HSET', holders_key, lists)
  write_all('HDEL', holders_key, emptied)
  record_ends()
  if on_commit then
    on_commit()
  end
  write('HSET', meta_key, 'version', version, 'letters_version', meta.letters_version)
  if meta.ends_at then
    -- A showtime that is past: what it is written now goes with the rest.
    for_keys('PEXPIREAT', meta.ends_at)
  end
  write('SPUBLISH', deltas, message)
end
