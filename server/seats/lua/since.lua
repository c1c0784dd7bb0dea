-- All changes after a version of an epoch, folded to the last letter of each seat.
-- KEYS: seats locks expiries meta log holders ended deltas
-- ARGV: epoch not_after now from_epoch from_version
-- Returns: OK {version, changes}; NOT_TOLD {}
local from_epoch, from_version = ARGV[4], tonumber(ARGV[5])

local refused = refusal()
if refused then
  return refused
end
-- The opening is version 1: there is no map at version 0 that changes could lead from.
if from_epoch ~= epoch or from_version < 1 or from_version > meta.version then
  return reply(REPLY.NOT_TOLD, {})
end
if from_version == meta.version then
  return reply(REPLY.OK, {meta.version, {}})
end

local first = string.format('%d-0', from_version + 1)
local entries = redis.call('XRANGE', log_key, first, '+')
if not entries[1] or entries[1][1] ~= first then
  return reply(REPLY.NOT_TOLD, {})
end
local last, order = {}, {}
for _, entry in ipairs(entries) do
  for _, change in ipairs(cmsgpack.unpack(entry[2][2])) do
    if not last[change[1]] then
      order[#order + 1] = change[1]
    end
    last[change[1]] = change[2]
  end
end
local changes = {}
for place, seat in ipairs(order) do
  changes[place] = {seat, last[seat]}
end
return reply(REPLY.OK, {meta.version, changes})
