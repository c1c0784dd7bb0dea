-- Begin a new epoch, closed and at version 0, if the epoch found is still the present one ('' for none).
-- What was kept of the data is recorded as the position where it ends; an epoch that never opened hands on its own.
-- KEYS: seats locks expiries meta log holders ended deltas
-- ARGV: epoch not_after now new_epoch ordinal identity
-- Returns: OK {}; STALE_EPOCH {}; TOO_LATE {}
local new_epoch, ordinal, identity = ARGV[4], ARGV[5], ARGV[6]

if not_after and now > not_after then
  return reply(REPLY.TOO_LATE, {})
end
if meta.epoch ~= epoch then
  return reply(REPLY.STALE_EPOCH, {})
end

local kept_epoch, kept_version = '', 0
if meta.state == 'open' then
  kept_epoch, kept_version = meta.epoch, meta.version
elseif meta.state == 'closed' then
  local kept = redis.call('HMGET', meta_key, 'kept_epoch', 'kept_version')
  kept_epoch, kept_version = kept[1], kept[2]
end

write('DEL', log_key)
write(
  'HSET', meta_key, 'epoch', new_epoch, 'state', 'closed', 'version', 0, 'writing', 0, 'letters_version', 0,
  'ordinal', ordinal, 'identity', identity, 'begun_at', now, 'kept_epoch', kept_epoch, 'kept_version', kept_version
)
return reply(REPLY.OK, {})
