-- What the scripts share that a client may send twice under one key; the loader puts it between each and the prelude.
--
-- Requests that take effect once, by name (operation and key): the last ones of a holder, for as long as a hold lasts.
-- An entry is {name, hash, the time of its end, layout, answer}: under another layout seats have other indexes.
local once_key, ONCE_KEPT = KEYS[9], 16
local once, answers = nil, {}

-- What the request was answered before, or that it is another one than before; nil if it is new, or has no key.
local function replay(name, hash)
  if not once_key then
    return
  end
  for _, entry in ipairs(cmsgpack.unpack(redis.call('GET', once_key) or '\144')) do
    if entry[3] > now and entry[4] == meta.layout then
      if entry[1] == name then
        if entry[2] ~= hash then
          return reply(REPLY.IDEMPOTENCY_MISMATCH, {})
        end
        return '\149' -- an array of five, of which the answer is packed already
          .. cmsgpack.pack(REPLY.REPLAYED, now) .. entry[5] .. cmsgpack.pack(meta.version, told)
      end
      answers[#answers + 1] = entry
    end
  end
  once = {name, hash, now + meta.hold_ms, meta.layout}
end

-- Keeps the answer of a new request that has a key; for `commit`, so that it is never kept for what did not happen.
local function keep(answer)
  if not once then
    return
  end
  once[5] = cmsgpack.pack({meta.epoch, answer})
  answers[#answers + 1] = once
  while #answers > ONCE_KEPT do
    table.remove(answers, 1)
  end
  write('SET', once_key, cmsgpack.pack(answers), 'PX', meta.hold_ms)
end
