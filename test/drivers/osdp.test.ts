import { describe, expect, it } from 'vitest';
import type { DriverContext, Read, Reader, SelfTestStep } from '../../drivers/contract.js';
import { CMD } from '../../drivers/osdp/codec.js';
import { create } from '../../drivers/osdp/driver.js';
import { osdpOptions } from '../../drivers/osdp/options.js';
import type { OsdpTwinOptions } from '../../drivers/osdp/twin.js';
import { OsdpTwin } from '../../drivers/osdp/twin.js';
import { readerContract, untilState } from '../contract/devices.js';
import { cleanup } from '../support/builders.js';
import { context, pty } from '../support/devices.js';

/** Any text with this in it. */
const saying = (text: string): string => expect.stringContaining(text) as string;
const KEY = '101112131415161718191A1B1C1D1E1F';
const key = Buffer.from(KEY, 'hex');

const make = (path: string, rest: object = {}, surroundings: DriverContext = context()): Reader => {
  const options = osdpOptions.parse({ driver: 'osdp', path, poll: '20ms', ...rest });
  const reader = create(options, surroundings);
  cleanup(() => reader.close());
  return reader;
};
/** One reader with its twin on a pseudo-terminal. */
const rig = (rest: object = {}, twinOptions: OsdpTwinOptions = {}) => {
  const wire = pty();
  const twin = new OsdpTwin(wire, twinOptions);
  const reader = make(wire.path, rest);
  const reads: string[] = [];
  reader.on('read', (read) => reads.push(read.text));
  return { wire, twin, reader, reads };
};
const nextRead = (reader: Reader): Promise<Read> =>
  new Promise((resolve) => {
    const off = reader.on('read', (read) => {
      off();
      resolve(read);
    });
  });
const nextNoise = (reader: Reader): Promise<string> =>
  new Promise((resolve) => {
    const off = reader.on('noise', ({ why }) => {
      off();
      resolve(why);
    });
  });
/** Plain commands, and plain answers to be had: what a reader with a key must never see. */
const plainCommands = (twin: OsdpTwin): number => twin.heard.filter((bytes) => (bytes[4]! & 8) === 0).length;

describe('reader: osdp over a pseudo-terminal', () => {
  // Entries at the keypad carry any text, cards only digits: the suite presents any text.
  readerContract(
    async () => {
      const { wire, twin, reader } = rig({ keypad: 'read' });
      return { reader, present: (code) => twin.keys(`${code}#`), cable: wire };
    },
    { cable: true },
  );
});

describe('reader: osdp with a secure channel over a pseudo-terminal', () => {
  readerContract(
    async () => {
      const { wire, twin, reader } = rig({ keypad: 'read', key: KEY }, { key });
      return { reader, present: (code) => twin.keys(`${code}#`), cable: wire };
    },
    { cable: true },
  );
});

describe('osdp: what a reader says', () => {
  it('cards, with their medium', async () => {
    const { twin, reader } = rig();
    await reader.open();
    let read = nextRead(reader);
    twin.present('04A1B2C3');
    expect(await read).toMatchObject({ text: '04A1B2C3', medium: 'rfid' });
    read = nextRead(reader);
    twin.present26(123, 45678);
    expect((await read).text).toBe('7BB26E');
  });

  it('random UIDs and wrong parity are noise; keys are ignored unless asked for', async () => {
    const { twin, reader, reads } = rig();
    await reader.open();
    twin.keys('4711#');
    const random = nextNoise(reader);
    twin.present('08A1B2C3');
    expect(await random).toContain('random UID');
    const parity = nextNoise(reader);
    twin.bits('01101010000011011100000010');
    expect(await parity).toContain('parity');
    expect(reads).toEqual([]);
  });

  it('tamper degrades it until it is over', async () => {
    const { twin, reader } = rig();
    await reader.open();
    const degraded = untilState(reader, 'degraded');
    twin.tamper(true);
    await degraded;
    expect(reader.status().reason).toContain('tamper');
    const healed = untilState(reader, 'ready');
    twin.tamper(false);
    await healed;
    twin.power(true);
    await untilState(reader, 'degraded');
    expect(reader.status().reason).toContain('power');
  });

  it('tamper from before the start is asked for', async () => {
    const { twin, reader } = rig();
    twin.tamper(true);
    await reader.open();
    await untilState(reader, 'degraded');
  });

  it('lamp and buzzer say what the lane says; nothing blinks', async () => {
    const { twin, reader } = rig();
    await reader.open();
    const show = async (pattern: 'admit' | 'refuse' | 'attend' | 'wait' | 'ready') => {
      const leds = twin.leds.length;
      reader.feedback!.show({ pattern, text: '' });
      await twin.until(() => twin.leds.length > leds);
      return twin.leds.at(-1)!;
    };
    expect((await show('admit')).temporary).toMatchObject({ control: 2, colour: 'green', off: 0, timer: 15 });
    await twin.until(() => twin.buzzes.length === 1);
    expect((await show('refuse')).temporary).toMatchObject({ control: 2, colour: 'red', timer: 20 });
    await twin.until(() => twin.buzzes.length === 2);
    await show('attend');
    await twin.until(() => twin.buzzes.length === 3);
    expect(twin.buzzes.map(({ on, count }) => ({ on, count }))).toEqual([
      { on: 2, count: 1 },
      { on: 7, count: 1 },
      { on: 2, count: 2 },
    ]);
    expect((await show('wait')).permanent).toMatchObject({ control: 1, colour: 'amber' });
    expect((await show('ready')).permanent).toMatchObject({ control: 1, colour: 'none' });
    expect(twin.leds.every((l) => l.temporary.off === 0 && l.permanent.off === 0)).toBe(true);
  });

  it('a reader that was switched off and on is told its lamp again', async () => {
    const { twin, reader } = rig({ key: KEY }, { key });
    await reader.open();
    reader.feedback!.show({ pattern: 'closed', text: '' });
    await twin.until(() => twin.leds.length === 1);
    twin.reboot();
    await twin.until(() => twin.leds.length === 2);
    expect(twin.leds[1]!.permanent.colour).toBe('red');
    expect(reader.status().counters.handshakes).toBe(2);
  });

  it('the self-test tells what there is, and never rejects', async () => {
    const { twin, reader } = rig({ key: KEY, replyTimeout: '2s' }, { key });
    const before: SelfTestStep[] = [];
    await reader.selfTest((step) => before.push(step));
    expect(before.every((step) => step.ok === false)).toBe(true);
    await reader.open();
    const steps: SelfTestStep[] = [];
    await reader.selfTest((step) => steps.push(step));
    expect(steps.map(({ name, ok }) => [name, ok])).toEqual([
      ['identification', true],
      ['capabilities', true],
      ['secure channel', true],
      ['lamp', null],
      ['buzzer', null],
      ['line', true],
    ]);
    expect(steps[0]!.detail).toContain('serial 305419896');
    expect(twin.outputs).toEqual([]);
  });
});

describe('osdp: the secure channel is not optional', () => {
  it('with the key everything is sealed, from the first command on', async () => {
    const { twin, reader } = rig({ key: KEY }, { key });
    await reader.open();
    const read = nextRead(reader);
    twin.present('04112233445566');
    expect((await read).text).toBe('04112233445566');
    expect(twin.secure).toBe(true);
    expect(plainCommands(twin)).toBe(0);
  });

  it.each([
    ['another key', { key: Buffer.alloc(16, 7) }],
    ['no secure channel at all', {}],
    ['the default key only', { defaultKey: true }],
  ])('a reader with %s is off line with a word about the key, and hears nothing plain', async (_, twinOptions) => {
    const { twin, reader, reads } = rig({ key: KEY }, twinOptions);
    twin.present('04A1B2C3');
    await reader.open();
    expect(reader.status()).toMatchObject({ state: 'offline', reason: saying('key') });
    // It is tried again, and again nothing is plain.
    const heard = twin.heard.length;
    await twin.until(() => twin.heard.length > heard);
    expect(plainCommands(twin)).toBe(0);
    expect(reads).toEqual([]);
  });

  it('the default key only in installation mode, and then it says so', async () => {
    const { twin, reader } = rig({ installMode: true }, { defaultKey: true });
    await reader.open();
    expect(reader.status()).toMatchObject({ state: 'degraded', reason: saying('installation') });
    expect(twin.secure).toBe(true);
    const refused = rig({}, { key });
    await refused.reader.open();
    expect(refused.reader.status()).toMatchObject({ state: 'offline', reason: saying('key') });
  });

  it('a plain NAK or a forgotten channel leads to a new handshake, not to plain words', async () => {
    const { twin, reader } = rig({ key: KEY }, { key });
    await reader.open();
    twin.faults.nak = [5];
    await twin.until(() => twin.faults.nak.length === 0);
    await twin.until(() => twin.secure && twin.commands.filter((c) => c === CMD.LSTAT).length === 2);
    twin.reboot();
    const read = nextRead(reader);
    twin.present('04A1B2C3');
    await read;
    expect(plainCommands(twin)).toBe(0);
    expect(reader.status().counters.handshakes).toBe(3);
  });
});

describe('osdp: a bad line', () => {
  it.each([
    ['plain', {}, {}],
    ['secure', { key: KEY }, { key }],
  ])('lost, damaged, late and busy answers: each card once (%s)', async (_, options, twinOptions) => {
    const { twin, reader, reads } = rig({ replyTimeout: '50ms', ...options }, twinOptions);
    await reader.open();
    const faults: (() => void)[] = [
      () => (twin.faults.lose = 2),
      () => (twin.faults.damage = 1),
      () => Object.assign(twin.faults, { late: 1, delayMs: 70 }),
      () => Object.assign(twin.faults, { late: 3, delayMs: 60 }),
      () => (twin.faults.busy = 3),
      () => (twin.faults.echo = true),
    ];
    const expected: string[] = [];
    for (const [i, fault] of faults.entries()) {
      const text = `04A1B2C${i}`;
      expected.push(text);
      const read = nextRead(reader);
      fault();
      twin.present(text);
      expect((await read).text).toBe(text);
    }
    // Whatever is still late has come when these are answered.
    const commands = twin.commands.length;
    await twin.until(() => twin.commands.length > commands + 20);
    expect(reads).toEqual(expected);
    expect(reader.status().counters.timeouts).toBeGreaterThan(0);
  });

  it('an answer that comes 250 ms late is not taken for the answer of the next request', async () => {
    const { twin, reader, reads } = rig();
    await reader.open();
    Object.assign(twin.faults, { late: 1, delayMs: 250 });
    twin.present('04A1B2C3');
    const steps: SelfTestStep[] = [];
    await twin.until(() => twin.faults.late === 0);
    await reader.selfTest((step) => steps.push(step));
    expect(steps[0]).toMatchObject({ ok: true, detail: saying('vendor 00068E') });
    expect(steps[1]).toMatchObject({ ok: true, detail: saying('buzzer') });
    expect(reads).toEqual(['04A1B2C3']);
  });

  it('two readers on one line: one falls silent, the other reads on; the silent one comes back', async () => {
    const wire = pty();
    const twins = [new OsdpTwin(wire, { address: 0 }), new OsdpTwin(wire, { address: 1, key })] as const;
    const gate = context('gate', new Map());
    const silent = make(wire.path, { address: 0, offlineAfter: '1s' }, gate);
    const other = make(wire.path, { address: 1, key: KEY }, gate);
    await Promise.all([silent.open(), other.open()]);
    expect([silent.status().state, other.status().state]).toEqual(['ready', 'ready']);
    twins[0].faults.silent = true;
    await untilState(silent, 'offline');
    expect(silent.status().reason).toContain('does not answer');
    for (const uid of ['04A1B2C3', '04A1B2C4', '04A1B2C5']) {
      const read = nextRead(other);
      twins[1].present(uid);
      expect((await read).text).toBe(uid);
    }
    expect(other.status().state).toBe('ready');
    twins[0].faults.silent = false;
    await untilState(silent, 'ready');
    expect(silent.status().counters.reconnects).toBe(1);
    // The port stays open for whoever is left.
    await other.close();
    const read = nextRead(silent);
    twins[0].present('04A1B2C6');
    await read;
  });

  it('a line is told once how fast it is, and an address is given once', async () => {
    const wire = pty();
    new OsdpTwin(wire);
    const gate = context('gate', new Map());
    const first = make(wire.path, {}, gate);
    const twice = make(wire.path, {}, gate);
    const faster = make(wire.path, { address: 1, baudRate: 115_200 }, gate);
    await Promise.all([first.open(), twice.open(), faster.open()]);
    expect(first.status().state).toBe('ready');
    expect(twice.status()).toMatchObject({ state: 'offline', reason: saying('twice') });
    expect(faster.status()).toMatchObject({ state: 'offline', reason: saying('baudRate') });
    await twice.close();
    expect(first.status().state).toBe('ready');
  });

  it('nobody there: off line after the first tries, and found when it comes', async () => {
    const { twin, reader } = rig({ replyTimeout: '50ms' });
    twin.faults.silent = true;
    await reader.open();
    expect(reader.status()).toMatchObject({ state: 'offline', reason: saying('does not answer') });
    twin.faults.silent = false;
    await untilState(reader, 'ready');
  });
});
