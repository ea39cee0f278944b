// The data stand in the page, packed by gzip and base64. Where the browser cannot unpack, inflate() does (RFC 1951).
const unpacked = new Map();

function block(name) {
  if (!unpacked.has(name)) unpacked.set(name, unpack(document.getElementById(name).textContent));
  return unpacked.get(name);
}

async function unpack(base64) {
  const bytes = Uint8Array.from(atob(base64.trim()), (c) => c.charCodeAt(0));
  if (typeof DecompressionStream === "undefined") return JSON.parse(new TextDecoder().decode(inflate(bytes.subarray(10))));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const DISTANCES = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const CODE_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

// Codes of one length follow each other: counts by length and symbols in order are the whole table.
function codes(lengths) {
  const counts = new Array(16).fill(0);
  for (const length of lengths) counts[length] += 1;
  counts[0] = 0;
  const starts = [0, 0];
  for (let i = 1; i < 15; i += 1) starts[i + 1] = starts[i] + counts[i];
  const symbols = [];
  lengths.forEach((length, symbol) => { if (length) { symbols[starts[length]] = symbol; starts[length] += 1; } });
  return { counts, symbols };
}

function inflate(bytes) {
  let out = new Uint8Array(bytes.length * 8 + 64), size = 0, at = 0, held = 0, free = 0;
  const bits = (wanted) => {
    while (free < wanted) { held |= bytes[at] << free; at += 1; free += 8; }
    const value = held & ((1 << wanted) - 1);
    held >>>= wanted; free -= wanted;
    return value;
  };
  const symbol = ({ counts, symbols }) => {
    let code = 0, first = 0, index = 0;
    for (let length = 1; length < 16; length += 1) {
      code |= bits(1);
      if (code - first < counts[length]) return symbols[index + code - first];
      index += counts[length];
      first = (first + counts[length]) << 1;
      code <<= 1;
    }
    throw new Error("the data of this page are damaged");
  };
  const write = (byte) => {
    if (size === out.length) { const more = new Uint8Array(size * 2); more.set(out); out = more; }
    out[size] = byte; size += 1;
  };
  const tables = (kind) => {
    if (kind === 1) return [codes(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))), codes(new Array(30).fill(5))];
    const literals = bits(5) + 257, distances = bits(5) + 1, given = bits(4) + 4;
    const lengths = new Array(19).fill(0);
    for (let i = 0; i < given; i += 1) lengths[CODE_ORDER[i]] = bits(3);
    const coded = codes(lengths), all = [];
    while (all.length < literals + distances) {
      const next = symbol(coded);
      if (next < 16) all.push(next);
      else {
        const value = next === 16 ? all[all.length - 1] : 0;
        const times = next === 16 ? 3 + bits(2) : next === 17 ? 3 + bits(3) : 11 + bits(7);
        for (let i = 0; i < times; i += 1) all.push(value);
      }
    }
    return [codes(all.slice(0, literals)), codes(all.slice(literals))];
  };
  for (let isLast = false; !isLast;) {
    isLast = bits(1) === 1;
    const kind = bits(2);
    if (kind === 0) {
      held = 0; free = 0;
      const length = bytes[at] | (bytes[at + 1] << 8);
      at += 4;
      for (let i = 0; i < length; i += 1) write(bytes[at + i]);
      at += length;
      continue;
    }
    const [literals, distances] = tables(kind);
    for (let next = symbol(literals); next !== 256; next = symbol(literals)) {
      if (next < 256) { write(next); continue; }
      const length = LENGTHS[next - 257] + bits(LENGTH_BITS[next - 257]);
      const far = symbol(distances);
      const back = DISTANCES[far] + bits(far < 4 ? 0 : (far >> 1) - 1);
      for (let i = 0; i < length; i += 1) write(out[size - back]);
    }
  }
  return out.subarray(0, size);
}
