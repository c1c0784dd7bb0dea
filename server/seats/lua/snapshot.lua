-- All letters at the present position.
-- KEYS: seats locks expiries meta log holders ended deltas
-- ARGV: epoch not_after now
-- Returns: OK {version, layout, letters}
local refused = refusal()
if refused then
  return refused
end
return reply(REPLY.OK, {meta.version, meta.layout, redis.call('GET', seats_key) or ''})
