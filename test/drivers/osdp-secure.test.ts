import { describe, expect, it } from 'vitest';
import type { Received } from '../../drivers/osdp/codec.js';
import { CMD, decodeFrame, FrameDecoder, REPLY } from '../../drivers/osdp/codec.js';
import { Handshake } from '../../drivers/osdp/handshake.js';
import {
  clientCryptogram,
  initialMac,
  SCBK_D,
  SecureSession,
  serverCryptogram,
  sessionKeys,
} from '../../drivers/osdp/secure.js';
import { ReaderSecurity } from '../../drivers/osdp/twin-secure.js';

/** A secure session recorded from libosdp; `>` is the controller. SCBK = 10 11 .. 1F. */
const RECORDED = `
> 53 01 13 00 0C 03 11 01 76 3A C3 33 AA 2C 45 58 B0 BE A3
< 53 81 2B 00 0C 03 12 01 76 00 06 02 00 78 56 34 12 79 EC F7 A5 68 61 6A 6F AD 08 9A 0E 7E 0C 2A A2 A0 66 48 53 D0 B8 FA 2D 00 5E
> 53 01 1B 00 0D 03 13 01 77 18 2C CA CE 01 F5 1E 7C 1D CC 2D D5 0A 55 7F 0A 64 9D
< 53 81 1B 00 0D 03 14 01 78 FB 43 F7 BD 49 40 54 12 7A 1C 10 36 88 B1 1F 24 94 43
> 53 01 0E 00 0E 02 15 60 09 78 ED 3A DA 6A
< 53 81 0E 00 0E 02 16 40 BD F7 79 03 3A 7A
> 53 01 0E 00 0F 02 15 60 97 1D FE 58 93 23
< 53 81 0E 00 0F 02 16 40 9A BE 2E 82 37 CE
> 53 01 0E 00 0D 02 15 60 BE F6 27 F0 91 A3
< 53 81 0E 00 0D 02 16 40 5F 41 D9 7B 73 75
> 53 01 0E 00 0E 02 15 60 11 43 82 EF 26 41
< 53 81 0E 00 0E 02 16 40 F2 9E BC 48 BC D5
> 53 01 0E 00 0F 02 15 60 11 5B D8 0F 6D F0
< 53 81 0E 00 0F 02 16 40 B8 27 ED 23 75 14
> 53 01 0E 00 0D 02 15 60 44 EC 36 01 A9 1F
< 53 81 0E 00 0D 02 16 40 1D 46 5D 6A 5B A6
> 53 01 0E 00 0E 02 15 60 67 71 28 C8 3F 29
< 53 81 0E 00 0E 02 16 40 D7 1C F6 01 67 30
> 53 01 0E 00 0F 02 15 60 D8 E5 8F 93 5D 80
< 53 81 1E 00 0F 02 18 50 19 D3 2D 57 48 4D 65 40 CF 1D F9 71 35 1E 6C 18 40 82 D4 BC 58 35
> 53 01 0E 00 0D 02 15 60 27 AD D9 9F C1 95
< 53 81 0E 00 0D 02 16 40 7A BB 1A 25 D7 22
> 53 01 0E 00 0E 02 15 60 BB 8D 94 DB 0F 21
< 53 81 0E 00 0E 02 16 40 2C 2F 45 3A A6 E1
> 53 01 1E 00 0F 02 17 69 D5 FA 50 3F C3 47 5A B8 76 4C E9 AD CB B1 40 08 9B EB 0A 9D B8 8E
< 53 81 0E 00 0F 02 16 40 8F EE 2A 52 A2 30
`;

const SECURE_SESSION = RECORDED.trim()
  .split('\n')
  .map((line) => ({
    command: line.startsWith('>'),
    bytes: Uint8Array.from(Buffer.from(line.slice(1).replaceAll(' ', ''), 'hex')),
  }));

const upper = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const received = (bytes: Uint8Array): Received => {
  const frame = decodeFrame(bytes);
  if (typeof frame === 'string') throw new Error(frame);
  return { frame, bytes };
};
const KEY = hex('101112131415161718191A1B1C1D1E1F');
const A = hex('3AC333AA2C4558B0');
const B = hex('79ECF7A568616A6F');
const [challenge, proof, prove, accepted, ...rest] = SECURE_SESSION.map((l) => l.bytes) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  ...Uint8Array[],
];
/** Data of the two messages that have any, by the record. */
const PLAIN: Record<string, string> = {
  [String(REPLY.RAW)]: '00011A00EA0DC080',
  [String(CMD.LED)]: '0000020100020014000000000000',
};

describe('osdp secure channel', () => {
  it('has the values of Annex E', () => {
    const a = hex('B0B1B2B3B4B5B6B7');
    const b = hex('A0A1A2A3A4A5A6A7');
    const keys = sessionKeys(SCBK_D, a);
    expect(upper(keys.mac1)).toBe('5E86C676603BDEE2D8BEAFE178637332');
    expect(upper(keys.mac2)).toBe('6FDA86E857777E81132035758239172E');
    expect(upper(keys.enc)).toBe('BF8DC2A8329ACB8C67C6D0CD9A451682');
    expect(upper(serverCryptogram(keys, a, b))).toBe('26D3356E07762D262801FC8E6665A891');
    expect(upper(clientCryptogram(keys, a, b))).toBe('FDE5D2F428EC16312471EA3C02BD7796');
    expect(upper(initialMac(keys, serverCryptogram(keys, a, b)))).toBe('B2A30057EB98BA2229EC1F875662B524');
  });

  it('the stream decoder finds every frame of the recorded session', () => {
    const decoder = new FrameDecoder();
    expect(decoder.push(Buffer.concat(SECURE_SESSION.map((l) => l.bytes)))).toHaveLength(SECURE_SESSION.length);
  });

  it('replays the whole recorded session as the controller', () => {
    const handshake = new Handshake(KEY, 1, A);
    expect(upper(handshake.challenge(1, 0))).toBe(upper(challenge));
    expect(handshake.check(received(proof).frame)).toBe(true);
    expect(upper(handshake.prove(1, 1))).toBe(upper(prove));
    const session = handshake.finish(received(accepted).frame);
    if (!session) throw new Error('no session');
    for (const bytes of rest) {
      const { frame } = received(bytes);
      const data = hex(frame.data.length > 0 ? PLAIN[frame.code]! : '');
      if (frame.reply) expect(upper(session.open(received(bytes))!)).toBe(upper(data));
      else expect(upper(session.seal(1, frame.sequence, frame.code, data))).toBe(upper(bytes));
    }
    expect(rest.filter((bytes) => received(bytes).frame.data.length > 0)).toHaveLength(2);
  });

  it('replays the whole recorded session as the reader', () => {
    const reader = new ReaderSecurity(KEY, false, () => B);
    expect(upper(reader.handshake(received(challenge).frame)!)).toBe(upper(proof));
    expect(upper(reader.handshake(received(prove).frame)!)).toBe(upper(accepted));
    for (const bytes of rest) {
      const { frame } = received(bytes);
      const data = hex(frame.data.length > 0 ? PLAIN[frame.code]! : '');
      if (frame.reply) expect(upper(reader.seal(1, frame.sequence, frame.code, data)!)).toBe(upper(bytes));
      else expect(upper(reader.open(received(bytes))!)).toBe(upper(data));
    }
  });

  it('a message that is altered, doubled or reflected is not opened, and the chain goes on with the right one', () => {
    const keys = sessionKeys(KEY, A);
    const mac = initialMac(keys, serverCryptogram(keys, A, B));
    const controller = new SecureSession('controller', keys, mac);
    const reader = new SecureSession('reader', keys, mac);
    const sent = controller.seal(1, 2, CMD.LED, hex('0102'));
    const { frame } = received(sent);
    const bad = Uint8Array.from(sent);
    bad[9]! ^= 1;
    expect(reader.open({ frame, bytes: bad })).toBeUndefined();
    expect(controller.open(received(sent))).toBeUndefined();
    expect(upper(reader.open(received(sent))!)).toBe('0102');
    const first = reader.seal(1, 2, REPLY.ACK, new Uint8Array());
    expect(controller.open(received(first))).toEqual(received(first).frame.data);
    const next = controller.seal(1, 3, CMD.POLL, new Uint8Array());
    expect(reader.open(received(next))).toHaveLength(0);
    // The answer to the command before, once more.
    expect(controller.open(received(first))).toBeUndefined();
  });

  it('a reader with another key does not pass for one with ours', () => {
    const handshake = new Handshake(KEY, 1, A);
    const other = new ReaderSecurity(hex('FF'.repeat(16)), false);
    const answer = other.handshake(received(handshake.challenge(1, 0)).frame)!;
    expect(handshake.check(received(answer).frame)).toBe(false);
    expect(() => handshake.prove(1, 1)).toThrow();
  });
});
