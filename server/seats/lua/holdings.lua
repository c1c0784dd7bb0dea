-- All that a holder has: locks that run, and seats in a checkout.
-- KEYS: seats locks expiries meta log holders ended deltas
-- ARGV: epoch not_after now holder
-- Returns: OK {version, holds}
local holder = ARGV[4]

local refused = refusal()
if refused then
  return refused
end
return reply(REPLY.OK, {meta.version, holds(holder)})
