-- Make free at most `limit` locks whose expiry has passed, in one version; their holders are told.
-- KEYS: seats locks expiries meta log holders ended deltas
-- ARGV: epoch not_after now origin limit
-- Returns: OK {count}
local origin, limit = ARGV[4], ARGV[5]

local refused = refusal()
if refused then
  return refused
end

-- Locks alone are in there: a pin's lock leaves it, and comes back with the release.
local due = redis.call('ZRANGEBYSCORE', expiries_key, '-inf', now, 'LIMIT', 0, limit)
for _, member in ipairs(due) do
  local seat = tonumber(member)
  tell(row(seat).holder, 'expired', seat)
  put(seat, false, 'A')
end
if #due > 0 then
  commit(origin)
end
return reply(REPLY.OK, {#due})
