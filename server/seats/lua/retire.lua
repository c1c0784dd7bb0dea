-- Have all of a showtime that is past end in `keep_ms`; one with a lock or a pin, or that is not past, stays as it is.
-- KEYS: seats locks expiries meta log holders ended deltas orders pins
-- ARGV: epoch not_after now keep_ms
-- Returns: OK {ends}
local keep_ms = tonumber(ARGV[4])

local refused = refusal()
if refused then
  return refused
end
local ends = is_past(meta.closes_at, meta.max_hold_ms)
if ends and not meta.ends_at then
  retire(keep_ms)
end
return reply(REPLY.OK, {ends and 1 or 0})
