import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Reader, SelfTestStep } from '../../drivers/contract.js';
import { encodeReply, encodeTag, parseReply, parseTag, parseVersion, request } from '../../drivers/twn4/codec.js';
import { create } from '../../drivers/twn4/driver.js';
import { twn4Options } from '../../drivers/twn4/options.js';
import { Twn4Twin } from '../../drivers/twn4/twin.js';
import { readerContract, untilState } from '../contract/devices.js';
import { cleanup } from '../support/builders.js';
import { context, pty } from '../support/devices.js';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const line = (text: string): Uint8Array => Buffer.from(text, 'latin1');

function rig(rest: object = {}) {
  const wire = pty();
  const twin = new Twn4Twin(wire);
  const reader = create(
    twn4Options.parse({ driver: 'twn4', path: wire.path, poll: '20ms', replyTimeout: '100ms', ...rest }),
    context(),
  );
  cleanup(() => reader.close());
  const reads: string[] = [];
  reader.on('read', (read) => reads.push(read.text));
  return { wire, twin, reader, reads };
}
const nextRead = (reader: Reader): Promise<string> =>
  new Promise((resolve) => {
    const off = reader.on('read', (read) => {
      off();
      resolve(read.text);
    });
  });
const nextNoise = (reader: Reader): Promise<string> =>
  new Promise((resolve) => {
    const off = reader.on('noise', ({ why }) => {
      off();
      resolve(why);
    });
  });
/** The card is gone long enough to count again. */
async function away(twin: Twn4Twin): Promise<void> {
  twin.remove();
  await twin.polls(4);
}

describe('twn4 codec', () => {
  it('requests are the bytes of the protocol', () => {
    expect(request.beep(100, 2400, 200, 100)).toBe('0407646009C8006400');
    expect(request.setTagTypes(0, 0xffffffff)).toBe('050200000000FFFFFFFF');
    expect([request.ledInit(7), request.ledOn(1), request.ledOff(2)]).toEqual(['041007', '041101', '041202']);
  });

  it.each([
    ['000180200404A1B2C3', { type: 0x80, bits: 32, id: hex('04A1B2C3') }],
    ['000180380704112233445566', { type: 0x80, bits: 56, id: hex('04112233445566') }],
    ['00014028051234567890', { type: 0x40, bits: 40, id: hex('1234567890') }],
    ['0000', null],
  ])('%s', (text, tag) => {
    const reply = parseReply(line(text));
    expect(reply?.error).toBe(0);
    expect(parseTag(reply?.results ?? new Uint8Array())).toEqual(tag);
    expect(encodeReply(0, tag === null ? [0] : encodeTag(tag))).toBe(text);
    expect(parseReply(line(text.toLowerCase()))).toEqual(reply);
  });

  it('any line is a reply or none, never an exception; no tag looks like a version', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const reply = parseReply(bytes);
        if (reply) {
          parseTag(reply.results);
          parseVersion(reply.results);
        }
      }),
    );
    const tags = fc.uint8Array({ minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(tags, (id) => {
        expect(parseVersion(Uint8Array.from(encodeTag({ type: 0x80, bits: id.length * 8, id })))).toBeUndefined();
      }),
    );
  });
});

describe('reader: twn4 over a pseudo-terminal', () => {
  // Cards hold no free text: the contract's codes are carried as the bytes of a UID, and shown as such.
  const carried = new Map<string, string>();
  readerContract(
    async () => {
      const { wire, twin, reader } = rig();
      const on = reader.on.bind(reader);
      reader.on = ((event: 'read', listener: (read: { text: string }) => void) =>
        on(event, (read: { text: string }) =>
          listener(event === 'read' ? { ...read, text: carried.get(read.text) ?? read.text } : read),
        )) as never;
      return {
        reader,
        present: (code) => {
          const uid = Buffer.from(code.padEnd(4, '\0'));
          carried.set(uid.toString('hex').toUpperCase(), code);
          twin.present(uid);
        },
        cable: wire,
      };
    },
    { cable: true },
  );
});

describe('twn4', () => {
  it('a card that lies there is one read; taken away and laid down again it is a second one', async () => {
    const { twin, reader, reads } = rig({ cardId: { base: 'dec', reverse: true, width: 10 } });
    await reader.open();
    const read = nextRead(reader);
    twin.present(hex('04A1B2C3'));
    expect(await read).toBe('3283263748');
    await away(twin);
    const again = nextRead(reader);
    twin.present(hex('04A1B2C3'));
    await again;
    expect(reads).toHaveLength(2);
  });

  it('a random UID is noise with the reason', async () => {
    const { twin, reader, reads } = rig();
    await reader.open();
    const noise = nextNoise(reader);
    twin.present(hex('08A1B2C3'));
    expect(await noise).toContain('random UID');
    expect(reads).toEqual([]);
  });

  it('a late answer is never taken for that of the next call', async () => {
    const { twin, reader, reads } = rig();
    await reader.open();
    const versions = twin.count('0004');
    twin.hold = 1;
    twin.present(hex('04A1B2C3'));
    // The call timed out, and the reader is asked for its version: now the late answer comes.
    await twin.until(() => twin.count('0004') > versions);
    twin.present(hex('04112233445566'));
    const read = nextRead(reader);
    twin.late();
    expect(await read).toBe('04112233445566');
    expect(reads).toEqual(['04112233445566']);
    expect(twin.overlapped).toBe(false);
  });

  it('an answer without its end is lost, the next one is right; lower case is fine', async () => {
    const { twin, reader } = rig();
    await reader.open();
    twin.lowerCase = true;
    const versions = twin.count('0004');
    twin.withoutEnd = 1;
    await twin.until(() => twin.count('0004') > versions);
    const read = nextRead(reader);
    twin.present(hex('04A1B2C3'));
    expect(await read).toBe('04A1B2C3');
  });

  it('a reader that refuses to look for cards is degraded with its words, until it does', async () => {
    const { twin, reader } = rig();
    await reader.open();
    twin.errors.set('0500', 4);
    await untilState(reader, 'degraded');
    expect(reader.status().reason).toContain('invalid function');
    twin.errors.clear();
    await untilState(reader, 'ready');
  });

  it('a reader with another firmware is offline with the remedy', async () => {
    const { twin, reader } = rig();
    twin.answers = false;
    await reader.open();
    expect(reader.status()).toMatchObject({
      state: 'offline',
      reason: expect.stringContaining('Simple Protocol') as string,
    });
    twin.answers = true;
    await untilState(reader, 'ready');
  });

  it('lamps and beeper speak for the lane, and the self-test names the version', async () => {
    const { twin, reader } = rig();
    await reader.open();
    reader.feedback?.show({ pattern: 'refuse', text: '' });
    await twin.until(() => twin.count('0407') === 1 && twin.requests.includes(request.ledOn(1)));
    const steps: SelfTestStep[] = [];
    // Another card after every step: the last one is asked for.
    await reader.selfTest((step) => {
      steps.push(step);
      twin.present(hex(`04A1B2C${steps.length}`));
    });
    expect(steps.some((s) => s.ok === true && s.detail.includes(twin.version))).toBe(true);
    expect(steps.filter((s) => s.ok === false)).toEqual([]);
  });
});
