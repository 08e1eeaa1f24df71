import { describe, expect, it } from 'vitest';
import type { Reader, SelfTestStep } from '../../drivers/contract.js';
import { OP, STATUS } from '../../drivers/ssi/codec.js';
import { create } from '../../drivers/ssi/driver.js';
import { ssiOptions } from '../../drivers/ssi/options.js';
import { SsiTwin } from '../../drivers/ssi/twin.js';
import { readerContract, untilState } from '../contract/devices.js';
import { cleanup } from '../support/builders.js';
import { context, pty } from '../support/devices.js';

const REPEAT_AFTER = 40;

const rig = (rest: object = {}) => {
  const wire = pty();
  const twin = new SsiTwin(wire, REPEAT_AFTER);
  const reader = create(
    ssiOptions.parse({ driver: 'ssi', path: wire.path, replyTimeout: '100ms', checkEvery: '100ms', ...rest }),
    {
      ...context(),
      clock: { ...context().clock, sleep: async (ms, signal) => context().clock.sleep(Math.min(ms, 300), signal) },
    },
  );
  cleanup(() => reader.close());
  const reads: string[] = [];
  reader.on('read', (read) => reads.push(read.text));
  return { wire, twin, reader, reads };
};
const next = <T>(subscribe: (listener: (value: T) => void) => () => void): Promise<T> =>
  new Promise((resolve) => {
    const off = subscribe((value) => {
      off();
      resolve(value);
    });
  });
const nextRead = (reader: Reader) =>
  next<{ text: string; symbology?: string; medium: string }>((l) => reader.on('read', l));
const nextNoise = (reader: Reader) => next<{ bytes: number; why: string }>((l) => reader.on('noise', l));

describe('reader: ssi over a pseudo-terminal', () => {
  readerContract(
    async () => {
      const { wire, twin, reader } = rig();
      return { reader, present: (code) => twin.scan(code), cable: wire };
    },
    { cable: true },
  );
});

describe('ssi: codes', () => {
  it('are acknowledged and cleaned of the suffix of the scanner', async () => {
    const { twin, reader } = rig();
    await reader.open();
    const read = nextRead(reader);
    twin.scan('24282035061813972260\r\n', 0x1c);
    const got = await read;
    expect(got).toMatchObject({ text: '24282035061813972260', medium: 'barcode' });
    expect(got.symbology).toBeUndefined();
    await twin.until(() => twin.count(OP.ACK) >= 1);
    expect(twin.givenUp).toBe(0);
  });

  it('the AIM identifier is taken off where the scanner sends it, and missed where it does not', async () => {
    const { twin, reader } = rig({ aimId: 'strip' });
    await reader.open();
    const read = nextRead(reader);
    twin.scan(']C0]A1');
    expect(await read).toMatchObject({ text: ']A1', symbology: ']C0' });
    const noise = nextNoise(reader);
    twin.scan('4006');
    expect((await noise).why).toContain('AIM');
  });

  it('in several packets are one read', async () => {
    const { twin, reader, reads } = rig();
    await reader.open();
    const read = nextRead(reader);
    twin.scan('A'.repeat(200), 0x1c, 16);
    await read;
    expect(reads).toEqual(['A'.repeat(200)]);
  });

  it('what is no text, too short or too long is noise with the reason', async () => {
    const { twin, reader } = rig({ minLength: 3, maxLength: 5 });
    await reader.open();
    for (const [code, why] of [
      [Buffer.from([0xff, 0xfe, 0x41]), 'not text'],
      [Buffer.from('A\x01B'), 'control bytes'],
      [Buffer.from('12'), 'shorter'],
      [Buffer.from('123456'), 'longer'],
      [Buffer.from('1'.repeat(200)), 'bytes'],
    ] as const) {
      const noise = nextNoise(reader);
      twin.scan(code);
      expect((await noise).why).toContain(why);
    }
  });
});

describe('ssi: the acknowledge rule', () => {
  it('a lost ACK brings repeats, and no second read', async () => {
    const { twin, reader, reads } = rig();
    await reader.open();
    twin.loseAcks = 2;
    twin.scan('once');
    await twin.until(() => twin.sayings === 3 && twin.loseAcks === 0);
    const read = nextRead(reader);
    twin.scan('twice');
    await read;
    expect(reads).toEqual(['once', 'twice']);
    expect(reader.status().counters.repeats).toBe(2);
    expect(twin.givenUp).toBe(0);
  });

  it('the same ticket again is a second read', async () => {
    const { twin, reader, reads } = rig();
    await reader.open();
    for (let i = 0; i < 2; i++) {
      const read = nextRead(reader);
      twin.scan('same');
      await read;
    }
    expect(reads).toEqual(['same', 'same']);
  });

  it('a wrong sum is answered with NAK 01, and the scanner says it again', async () => {
    const { twin, reader, reads } = rig();
    await reader.open();
    twin.damage = 1;
    const read = nextRead(reader);
    twin.scan('damaged');
    await read;
    expect(twin.received.filter((p) => p.opcode === OP.NAK).map((p) => [...p.data])).toEqual([[1]]);
    expect(reads).toEqual(['damaged']);
    expect(reader.status().counters.noise).toBe(1);
  });

  it('a packet that stays damaged is given up by the scanner; the next one is read', async () => {
    const { twin, reader, reads } = rig();
    await reader.open();
    twin.damage = 3;
    twin.scan('lost');
    await twin.until(() => twin.received.filter((p) => p.opcode === OP.NAK).length >= 2);
    const read = nextRead(reader);
    twin.scan('found');
    await read;
    expect(reads).toEqual(['found']);
    expect(twin.givenUp).toBe(1);
  });

  it('NAK 01 of the scanner is obeyed: the command comes again with the repeat bit', async () => {
    const { twin, reader } = rig({ checkEvery: '60s', wakeUp: false });
    await reader.open();
    await twin.until(() => twin.parameters.size === 2);
    twin.askAgain = 1;
    reader.feedback?.show({ pattern: 'refuse', text: '' });
    await twin.until(() => twin.count(OP.BEEP) === 2);
    expect(twin.received.filter((p) => p.opcode === OP.BEEP).map((p) => p.status & STATUS.again)).toEqual([0, 1]);
  });

  it('noise before a code does not cost the code', async () => {
    const { twin, reader, reads } = rig();
    await reader.open();
    twin.noise(Uint8Array.of(0xff, 0xf3, 0x00, 0x00, 0x41, 0x0d, 0x0a));
    const read = nextRead(reader);
    twin.scan('behind the noise');
    await read;
    expect(reads).toEqual(['behind the noise']);
  });

  it('garbage again and again degrades it with the remedy, and one good read heals it', async () => {
    const { twin, reader } = rig({ interByteTimeout: '10ms' });
    await reader.open();
    const degraded = untilState(reader, 'degraded');
    for (let i = 0; i < 5; i++) {
      const noise = nextNoise(reader);
      twin.noise(Uint8Array.of(1, 2, 3));
      await noise;
    }
    await degraded;
    expect(reader.status().reason).toContain('baudRate');
    const healed = untilState(reader, 'ready');
    twin.scan('good');
    await healed;
  });
});

describe('ssi: presence and settings', () => {
  it('tells the scanner its settings at every start, volatile', async () => {
    const { twin, reader } = rig({ triggerMode: 'presentation', enforce: ['89 05'] });
    await reader.open();
    await twin.until(() => twin.parameters.size === 4);
    expect(Object.fromEntries(twin.parameters)).toEqual({ 0xee: '01', 0x8a: '07', 0xec: '00', 0x89: '05' });
    expect(twin.received.every((p) => (p.status & STATUS.permanent) === 0)).toBe(true);
  });

  it('leaves the trigger mode and configuration codes alone where the options say so', async () => {
    const { twin, reader } = rig({ disableBarcodeProgramming: false });
    await reader.open();
    await twin.until(() => twin.parameters.size === 1);
    expect([...twin.parameters.keys()]).toEqual([0xee]);
  });

  it('a scanner that takes no parameter is degraded with its name', async () => {
    const { twin, reader } = rig();
    twin.refused.add(OP.PARAM_SEND);
    const degraded = untilState(reader, 'degraded');
    await reader.open();
    await degraded;
    expect(reader.status().reason).toContain('EC00');
  });

  it('three silences are offline with a remedy; an answer is ready again, with the settings sent again', async () => {
    const { twin, reader } = rig();
    await reader.open();
    await twin.until(() => twin.parameters.size === 2);
    twin.restart();
    twin.answers = false;
    await untilState(reader, 'offline');
    expect(reader.status().reason).toContain('SSI mode');
    twin.answers = true;
    await untilState(reader, 'ready');
    await twin.until(() => twin.parameters.size === 2);
    expect(reader.status().counters.reconnects).toBe(0);
  });

  it('a scanner that never answers: open ends, with the reason', async () => {
    const { twin, reader } = rig();
    twin.answers = false;
    await reader.open();
    expect(reader.status()).toMatchObject({ state: 'offline' });
    expect(twin.count(OP.REQUEST_REVISION)).toBeGreaterThanOrEqual(3);
  });

  it('an open that is broken off by a close ends', async () => {
    const { twin, reader } = rig({ replyTimeout: '10s' });
    twin.answers = false;
    const opened = reader.open();
    await twin.until(() => twin.received.length > 0);
    await reader.close();
    await opened;
    expect(reader.status().state).toBe('closed');
  });

  it('a code that spans an unplug is never completed', async () => {
    const { wire, twin, reader, reads } = rig({ interByteTimeout: '1s' });
    await reader.open();
    const noise = nextNoise(reader);
    wire.write(Buffer.from('11F3000003313233', 'hex'));
    wire.unplug();
    await untilState(reader, 'offline');
    wire.replug();
    await untilState(reader, 'ready');
    const read = nextRead(reader);
    twin.scan('whole');
    await read;
    expect(reads).toEqual(['whole']);
    // The piece itself may have been lost with the cable; what arrived was counted.
    await Promise.race([noise, Promise.resolve()]);
  });
});

describe('ssi: feedback and self-test', () => {
  it('beeps and lights for good and bad', async () => {
    const { twin, reader } = rig();
    await reader.open();
    expect(reader.feedback?.capabilities).toEqual({ lamp: true, sound: true, text: false });
    reader.feedback?.show({ pattern: 'admit', text: '' });
    await twin.until(() => twin.count(OP.BEEP) === 1 && twin.count(OP.LED_ON) === 1);
    reader.feedback?.show({ pattern: 'refuse', text: '' });
    await twin.until(() => twin.count(OP.BEEP) === 2 && twin.count(OP.LED_OFF) === 1);
    expect(twin.received.filter((p) => p.opcode === OP.BEEP).map((p) => p.data[0])).toEqual([0, 15]);
  });

  it('feedback to a scanner that is away is forgotten', async () => {
    const { wire, twin, reader } = rig();
    await reader.open();
    await twin.until(() => twin.parameters.size === 2);
    wire.unplug();
    await untilState(reader, 'offline');
    reader.feedback?.show({ pattern: 'admit', text: '' });
    wire.replug();
    twin.restart();
    await untilState(reader, 'ready');
    await twin.until(() => twin.parameters.size === 2);
    expect(twin.count(OP.BEEP)).toBe(0);
  });

  it('names the revision, aims, beeps, and leaves the rest to eyes and ears', async () => {
    const { twin, reader } = rig();
    await reader.open();
    const steps: SelfTestStep[] = [];
    await reader.selfTest((step) => steps.push(step));
    expect(steps.map((s) => [s.name, s.ok])).toEqual([
      ['port', true],
      ['revision', true],
      ['parameters', true],
      ['aim', null],
      ['beeper', null],
      ['code', null],
    ]);
    expect(steps[1]?.detail).toBe('TWIN-SSI-1');
    expect(twin.count(OP.AIM_OFF)).toBe(1);
    twin.answers = false;
    const silent: SelfTestStep[] = [];
    await reader.selfTest((step) => silent.push(step));
    expect(silent.find((s) => s.name === 'revision')).toMatchObject({ ok: false });
  });
});
