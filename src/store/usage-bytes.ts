import { crc32 } from 'node:zlib';
import type { Blocked, Usage } from '../domain/usage.js';
import { insert, NO_USAGE } from '../domain/usage.js';
import { PortillonError } from '../errors.js';
import { decodeJson } from './records.js';

/**
 * A ticket's usage as bytes, read at every decision, so nothing in it is parsed that a decision does not need:
 *
 * | bytes | what |
 * |---|---|
 * | 0..7 | `2` (format), 24 bits of the CRC-32 of what follows (0 = none, an earlier release), number of movements n (32 bits, little-endian) |
 * | 8..15 | length of `names` and of the black-list text in bytes |
 * | 16..47 | entries and exits only counted, their first and last moment (64-bit floats) |
 * | 8n, 8n, 8n, n | moments, sequences, four references, flags |
 * | rest | `names`, then the black-list entry as JSON |
 *
 * Format 1 was JSON `{slots}`: counts without moments of their own.
 */
const HEAD = 48;
const FORMAT = 0x32;

/** Never 0, which means that there is none. */
const sumOf = (bytes: Uint8Array): number => crc32(bytes.subarray(4)) >>> 8 || 1;

export function encodeUsage(usage: Usage): Buffer {
  const n = usage.at.length;
  const names = Buffer.from(usage.names, 'utf8');
  const blocked = usage.blocked ? Buffer.from(JSON.stringify(usage.blocked), 'utf8') : Buffer.alloc(0);
  const bytes = Buffer.alloc(HEAD + 25 * n + names.length + blocked.length);
  bytes[0] = FORMAT;
  bytes.writeUInt32LE(n, 4);
  bytes.writeUInt32LE(names.length, 8);
  bytes.writeUInt32LE(blocked.length, 12);
  const { entries, exits, from, to } = usage.older;
  for (const [i, value] of [entries, exits, from, to].entries()) bytes.writeDoubleLE(value, 16 + 8 * i);
  let end = HEAD;
  const add = (part: Uint8Array): void => {
    bytes.set(part, end);
    end += part.length;
  };
  for (const column of [usage.at, usage.seq, usage.refs])
    add(new Uint8Array(column.buffer, column.byteOffset, column.byteLength));
  add(usage.flags);
  add(names);
  add(blocked);
  bytes.writeUIntLE(sumOf(bytes), 1, 3);
  return bytes;
}

export function decodeUsage(bytes: Uint8Array): Usage {
  if (bytes[0] !== FORMAT) return decodeFirstFormat(Buffer.from(bytes).toString('utf8'));
  // Columns of eight bytes must lie at multiples of eight; LevelDB's answers do, so nothing is copied on the way of a decision.
  const own = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
  const at = own.byteOffset;
  const view = new DataView(own.buffer, at, own.byteLength);
  const text = Buffer.from(own.buffer, at, own.byteLength);
  const sum = text.readUIntLE(1, 3);
  if (sum !== 0 && sum !== sumOf(own)) throw new PortillonError('STORE_DAMAGED', 'usage: damaged value');
  const n = view.getUint32(4, true);
  const flagsEnd = HEAD + 25 * n;
  const namesEnd = flagsEnd + view.getUint32(8, true);
  const blockedEnd = namesEnd + view.getUint32(12, true);
  return {
    older: {
      entries: view.getFloat64(16, true),
      exits: view.getFloat64(24, true),
      from: view.getFloat64(32, true),
      to: view.getFloat64(40, true),
    },
    ...(blockedEnd > namesEnd && { blocked: JSON.parse(text.toString('utf8', namesEnd, blockedEnd)) as Blocked }),
    names: text.toString('utf8', flagsEnd, namesEnd),
    at: new Float64Array(own.buffer, at + HEAD, n),
    seq: new Float64Array(own.buffer, at + HEAD + 8 * n, n),
    refs: new Uint16Array(own.buffer, at + HEAD + 16 * n, 4 * n),
    // A plain array: a Buffer's `slice` is a view, and what is folded would change what was read.
    flags: new Uint8Array(own.buffer, at + HEAD + 24 * n, n),
  };
}

/** `slots` told how often and when last, not when each: every entry is taken to be at the last one's time. */
function decodeFirstFormat(text: string): Usage {
  const { slots } = decodeJson(text, 'usage') as {
    slots: Record<string, { entries: number; lastAt: number; lastLane: string }>;
  };
  let usage: Usage = NO_USAGE;
  const byTime = Object.entries(slots).sort(([, a], [, b]) => a.lastAt - b.lastAt);
  for (const [slot, { entries, lastAt, lastLane }] of byTime) {
    for (let i = 0; i < entries; i++)
      usage = insert(usage, { gate: '', seq: 0, at: lastAt, lane: lastLane, direction: 'entry', slot });
  }
  return usage;
}
