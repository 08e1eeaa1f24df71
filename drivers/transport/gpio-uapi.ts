/**
 * The kernel's GPIO character device interface, version 2 (linux/gpio.h, since 5.10): structures as bytes, little-endian as on every
 * board this runs on. Pure.
 */
export const IOCTL = {
  chipInfo: 0x8044b401,
  lineInfo: 0xc100b405,
  getLine: 0xc250b407,
  getValues: 0xc010b40e,
  setValues: 0xc010b40f,
} as const;

const FLAG = {
  used: 1n << 0n,
  activeLow: 1n << 1n,
  input: 1n << 2n,
  output: 1n << 3n,
  rising: 1n << 4n,
  falling: 1n << 5n,
  pullUp: 1n << 8n,
  pullDown: 1n << 9n,
  biasDisabled: 1n << 10n,
} as const;
const ATTRIBUTE = { outputValues: 2, debounce: 3 } as const;

const NAME = 32;
const REQUEST_SIZE = 592;
const CONFIG_AT = 64 * 4 + NAME;
const ATTRIBUTES_AT = CONFIG_AT + 8 + 4 + 20;
const EVENT_SIZE = 48;

const text = (bytes: Buffer, at: number): string => {
  const end = bytes.indexOf(0, at);
  return bytes.toString('utf8', at, Math.min(end < 0 ? at + NAME : end, at + NAME));
};

export const chipInfoBuffer = (): Buffer => Buffer.alloc(68);
export const decodeChipInfo = (b: Buffer): { name: string; label: string; lines: number } => ({
  name: text(b, 0),
  label: text(b, NAME),
  lines: b.readUInt32LE(2 * NAME),
});

export function lineInfoBuffer(offset: number): Buffer {
  const b = Buffer.alloc(256);
  b.writeUInt32LE(offset, 64);
  return b;
}
export const decodeLineInfo = (
  b: Buffer,
): { name: string; consumer: string; offset: number; used: boolean; output: boolean } => {
  const flags = b.readBigUInt64LE(72);
  return {
    name: text(b, 0),
    consumer: text(b, NAME),
    offset: b.readUInt32LE(64),
    used: (flags & FLAG.used) !== 0n,
    output: (flags & FLAG.output) !== 0n,
  };
};

export interface LineSetup {
  offset: number;
  direction: 'in' | 'out';
  activeLow: boolean;
  bias?: 'none' | 'pull-up' | 'pull-down' | undefined;
  /** Microseconds. */
  debounce: number;
  consumer: string;
}

/** A request for one line. Outputs are requested with the logical value 0: no pulse at opening. */
export function lineRequest(setup: LineSetup): Buffer {
  const b = Buffer.alloc(REQUEST_SIZE);
  b.writeUInt32LE(setup.offset, 0);
  b.write(setup.consumer.slice(0, NAME - 1), 256, 'utf8');
  let flags = setup.activeLow ? FLAG.activeLow : 0n;
  flags |= setup.direction === 'out' ? FLAG.output : FLAG.input | FLAG.rising | FLAG.falling;
  if (setup.bias === 'pull-up') flags |= FLAG.pullUp;
  if (setup.bias === 'pull-down') flags |= FLAG.pullDown;
  if (setup.bias === 'none') flags |= FLAG.biasDisabled;
  b.writeBigUInt64LE(flags, CONFIG_AT);
  const attribute =
    setup.direction === 'out' ? ATTRIBUTE.outputValues : setup.debounce > 0 ? ATTRIBUTE.debounce : undefined;
  if (attribute !== undefined) {
    b.writeUInt32LE(1, CONFIG_AT + 8);
    b.writeUInt32LE(attribute, ATTRIBUTES_AT);
    if (attribute === ATTRIBUTE.debounce) b.writeUInt32LE(setup.debounce, ATTRIBUTES_AT + 8);
    b.writeBigUInt64LE(1n, ATTRIBUTES_AT + 16);
  }
  b.writeUInt32LE(1, CONFIG_AT + 272);
  // Room for a burst: a Wiegand frame, or a bouncing contact, while this process is busy.
  b.writeUInt32LE(setup.direction === 'in' ? 256 : 0, CONFIG_AT + 276);
  return b;
}
export const requestedFd = (b: Buffer): number => b.readInt32LE(REQUEST_SIZE - 4);

export function valuesBuffer(on: boolean): Buffer {
  const b = Buffer.alloc(16);
  b.writeBigUInt64LE(on ? 1n : 0n, 0);
  b.writeBigUInt64LE(1n, 8);
  return b;
}
export const decodeValue = (b: Buffer): boolean => (b.readBigUInt64LE(0) & 1n) !== 0n;

export const EVENTS_BUFFER = EVENT_SIZE * 64;
/** Edges; `active` is logical already, for the kernel knows of `activeLow`. */
export function decodeEvents(b: Uint8Array): { ns: bigint; active: boolean; seq: number }[] {
  const view = new DataView(b.buffer, b.byteOffset, b.byteLength);
  return Array.from({ length: Math.floor(b.length / EVENT_SIZE) }, (_, i) => ({
    ns: view.getBigUint64(i * EVENT_SIZE, true),
    active: view.getUint32(i * EVENT_SIZE + 8, true) === 1,
    seq: view.getUint32(i * EVENT_SIZE + 20, true),
  }));
}
