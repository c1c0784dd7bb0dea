-- Make free at most `limit` locks whose expiry has passed, in one version; their holders are told.
-- KEYS: seats locks expiries meta log holders deltas
-- ARGV: epoch not_after now origin limit
-- Returns: OK {count}
local origin, limit = ARGV[4], ARGV[5]

local refused = refusal()
if refused then
  return refused
end

local count = 0
local due = redis.call('ZRANGEBYSCORE', expiries_key, '-inf', now, 'LIMIT', 0, limit)
for _, member in ipairs(due) do
  local seat = tonumber(member)
  local found = row(seat)
  if is_lock(found) and not runs(found) then
    tell(found.holder, 'expired', seat)
    put(seat, false, 'A')
    count = count + 1
  end
end
if count > 0 then
  commit(origin)
end
return reply(REPLY.OK, {count})
