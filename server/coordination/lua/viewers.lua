-- Notes how many viewers one worker has of a showtime, and adds up those of all workers whose note still counts.
-- KEYS: viewers
-- ARGV: worker count counts_for
-- Returns: the total
local worker, count, counts_for = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local key = KEYS[1]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

if count > 0 then
  redis.call('HSET', key, worker, string.format('%d %d', count, now + counts_for))
  -- Where nobody notes anything any more, nothing stays.
  redis.call('PEXPIRE', key, counts_for)
else
  redis.call('HDEL', key, worker)
end

local total = 0
local notes = redis.call('HGETALL', key)
for place = 1, #notes, 2 do
  local viewers, until_ms = string.match(notes[place + 1], '^(%d+) (%d+)$')
  if viewers and tonumber(until_ms) > now then
    total = total + tonumber(viewers)
  else
    redis.call('HDEL', key, notes[place])
  end
end
return total
