"""What Redis does in one step: entries and the index of them change together, or not at all.

The index is four keys: `order` (key by when it was stored), `expiry` (key by when it ends), `sizes` (bytes of a value
by key) and `totals` (entries and bytes, by kind). `maxmemory` belongs to whoever owns the server, who may also evict
any key of ours: an entry that is gone is still counted until it would have ended, and an index of which a part is gone
is dropped with the entries it knew.
"""

from __future__ import annotations

# KEYS: order, expiry, sizes, totals. ARGV[1]: prefix of the entries.
_INDEX = """
local order, expiry, sizes, totals = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local prefix = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function forget(key)
  redis.call('ZREM', order, key)
  redis.call('ZREM', expiry, key)
  local size = redis.call('HGET', sizes, key)
  if size then
    local kind = string.match(key, '^[^:]*')
    redis.call('HDEL', sizes, key)
    redis.call('HINCRBY', totals, 'n', -1)
    redis.call('HINCRBY', totals, 'b', -size)
    redis.call('HINCRBY', totals, 'n:' .. kind, -1)
    redis.call('HINCRBY', totals, 'b:' .. kind, -size)
  end
end

local function forget_ended(most)
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', expiry, '-inf', now, 'LIMIT', 0, most)) do
    forget(key)
  end
end
"""

# ARGV: prefix, key, stored bytes, milliseconds, bytes of the value, size limit, overhead of an entry, milliseconds that
# the index outlives its last entry. The loop ends: after a lower limit, the next calls go on.
KEEP = (
    _INDEX
    + """
local key, stored, ms, size = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local limit, overhead, index_ms = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8]

local parts = redis.call('EXISTS', order, expiry, sizes, totals)
if parts ~= 0 and parts ~= 4 then
  for _, other in ipairs(redis.call('HKEYS', sizes)) do redis.call('UNLINK', prefix .. other) end
  for _, other in ipairs(redis.call('ZRANGE', order, 0, -1)) do redis.call('UNLINK', prefix .. other) end
  redis.call('UNLINK', order, expiry, sizes, totals)
end
redis.call('SET', prefix .. key, stored, 'PX', ms)  -- before any other change: a full server refuses no later one
forget_ended(100)
forget(key)
redis.call('ZADD', order, time[1] * 1000000 + time[2], key)
redis.call('ZADD', expiry, now + ms, key)
redis.call('HSET', sizes, key, size)
local kind = string.match(key, '^[^:]*')
local count = redis.call('HINCRBY', totals, 'n', 1)
local bytes = redis.call('HINCRBY', totals, 'b', size)
redis.call('HINCRBY', totals, 'n:' .. kind, 1)
redis.call('HINCRBY', totals, 'b:' .. kind, size)
for _ = 1, 1000 do
  if bytes + count * overhead <= limit then break end
  local oldest = redis.call('ZRANGE', order, 0, 0)[1]
  if not oldest then break end
  redis.call('UNLINK', prefix .. oldest)
  forget(oldest)
  count = tonumber(redis.call('HGET', totals, 'n'))
  bytes = tonumber(redis.call('HGET', totals, 'b'))
end
for _, part in ipairs({order, expiry, sizes, totals}) do redis.call('PEXPIRE', part, index_ms) end
"""
)

# How many entries and bytes there are, by kind.
TOTALS = (
    _INDEX
    + """
forget_ended(10000)
return redis.call('HGETALL', totals)
"""
)

# ARGV[2] and further: keys to remove. Returns how many of them were there.
REMOVE = (
    _INDEX
    + """
local removed = 0
for i = 2, #ARGV do
  removed = removed + redis.call('UNLINK', prefix .. ARGV[i])
  forget(ARGV[i])
end
if redis.call('EXISTS', order) == 0 then redis.call('UNLINK', totals) end
return removed
"""
)

# KEYS: lease. ARGV: token. A lease that someone else took meanwhile stays theirs.
GIVE_BACK = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""
