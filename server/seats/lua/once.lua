-- What the scripts share that a client may send twice under one key; the loader puts it in front of each, after the prelude.
-- Requests that take effect once, by name (operation and key): the last ones of a holder, for as long as a hold lasts.
-- An entry is {name, hash, the time of its end, answer}.
local once_key, ONCE_KEPT = KEYS[11], 16
local once, answers = nil, {}

-- What the request was answered before, or that it is another one than before; nil if it is new, or has no key.
local function replay(name, hash)
  if not once_key then
    return
  end
  for _, entry in ipairs(cmsgpack.unpack(redis.call('GET', once_key) or '\144')) do
    if entry[3] > now then
      if entry[1] == name then
        return entry[2] == hash and reply_packed(REPLY.REPLAYED, entry[4]) or reply(REPLY.IDEMPOTENCY_MISMATCH, {})
      end
      answers[#answers + 1] = entry
    end
  end
  once = {name, hash, now + meta.hold_ms}
end

-- Keeps the answer of a new request that has a key; for `commit`, so that it is never kept for what did not happen.
local function keep(answer)
  if not once then
    return
  end
  once[4] = cmsgpack.pack({meta.epoch, meta.layout, answer})
  answers[#answers + 1] = once
  while #answers > ONCE_KEPT do
    table.remove(answers, 1)
  end
  write('SET', once_key, cmsgpack.pack(answers), 'PX', meta.hold_ms)
end
