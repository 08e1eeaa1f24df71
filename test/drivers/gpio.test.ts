import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gpioBarrierOptions } from '../../drivers/gpio/options.js';
import { inputRequest, outputRequest } from '../../drivers/kit/line-options.js';
import { playOf } from '../../drivers/kit/patterns.js';
import {
  decodeEvents,
  decodeLineInfo,
  IOCTL,
  lineInfoBuffer,
  lineRequest,
  requestedFd,
  valuesBuffer,
} from '../../drivers/transport/gpio-uapi.js';
import { formatLine, parseLine } from '../../drivers/transport/line-types.js';
import type { Pattern } from '../../drivers/contract.js';

const barrier = (rest: object) => gpioBarrierOptions.safeParse({ driver: 'gpio', outputs: {}, ...rest });

describe('the kernel’s GPIO interface as bytes', () => {
  it('the numbers of the calls carry the sizes of their structures', () => {
    const size = (request: number): number => (request >>> 16) & 0x3fff;
    expect(size(IOCTL.getLine)).toBe(
      lineRequest({ offset: 0, direction: 'in', activeLow: false, debounce: 0, consumer: 'x' }).length,
    );
    expect(size(IOCTL.lineInfo)).toBe(lineInfoBuffer(0).length);
    expect(size(IOCTL.setValues)).toBe(valuesBuffer(true).length);
  });

  it('an active-low output is asked for with the logical value 0: no pulse at opening', () => {
    const b = lineRequest({ offset: 17, direction: 'out', activeLow: true, debounce: 0, consumer: 'portillon' });
    expect(b.readUInt32LE(0)).toBe(17);
    expect(b.toString('utf8', 256, 265)).toBe('portillon');
    const flags = b.readBigUInt64LE(288);
    expect(flags).toBe((1n << 1n) | (1n << 3n));
    // One attribute: output values, value 0, for line 0 of the request.
    expect([b.readUInt32LE(296), b.readUInt32LE(320), b.readBigUInt64LE(328), b.readBigUInt64LE(336)]).toEqual([
      1,
      2,
      0n,
      1n,
    ]);
    expect(b.readUInt32LE(560)).toBe(1);
    expect(requestedFd(b)).toBe(0);
  });

  it('an input with pull-up and debouncing, both edges', () => {
    const b = lineRequest({
      offset: 3,
      direction: 'in',
      activeLow: false,
      bias: 'pull-up',
      debounce: 20_000,
      consumer: 'portillon',
    });
    expect(b.readBigUInt64LE(288)).toBe((1n << 2n) | (1n << 4n) | (1n << 5n) | (1n << 8n));
    expect([b.readUInt32LE(320), b.readUInt32LE(328)]).toEqual([3, 20_000]);
  });

  it('events are times and levels; any bytes decode', () => {
    const event = Buffer.alloc(48);
    event.writeBigUInt64LE(123_456_789n, 0);
    event.writeUInt32LE(2, 8);
    event.writeUInt32LE(9, 20);
    expect(decodeEvents(event)).toEqual([{ ns: 123_456_789n, active: false, seq: 9 }]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeEvents(bytes)).toHaveLength(Math.floor(bytes.length / 48));
      }),
    );
    expect(decodeLineInfo(Buffer.alloc(256))).toMatchObject({ name: '', used: false });
  });
});

describe('names of lines', () => {
  it('chip and offset, or a name; never a bare number', () => {
    expect(parseLine('pinctrl-rp1:17')).toEqual({ chip: 'pinctrl-rp1', offset: 17 });
    expect(parseLine('RELAY_OPEN')).toEqual({ name: 'RELAY_OPEN' });
    for (const bad of ['17', '529', '', ':17', 'chip:', 'chip:x', 'a b']) expect(parseLine(bad), bad).toBeUndefined();
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9-]{0,15}$/), fc.integer({ min: 0, max: 999 }), (chip, offset) => {
        expect(formatLine(parseLine(`${chip}:${offset}`) ?? { name: '?' })).toBe(`${chip}:${offset}`);
      }),
    );
    expect(barrier({ outputs: { grantA: '17' } }).success).toBe(false);
  });

  it('active-low and normally closed invert once each', () => {
    for (const [activeLow, normallyClosed, expected] of [
      [false, false, false],
      [true, false, true],
      [false, true, true],
      [true, true, false],
    ] as const) {
      const parsed = barrier({ inputs: { passA: { line: 'c:1', activeLow, normallyClosed } } });
      expect(inputRequest('passA', parsed.data?.inputs.passA as never).activeLow).toBe(expected);
    }
    const short = barrier({ outputs: { grantA: 'RELAY' } });
    expect(outputRequest('grantA', short.data?.outputs.grantA as never)).toMatchObject({
      address: { name: 'RELAY' },
      activeLow: false,
    });
  });
});

describe('signals for people', () => {
  const patterns: Pattern[] = ['ready', 'admit', 'attend', 'refuse', 'wait', 'fault', 'closed', 'free'];

  it('nothing flashes faster than three times a second', () => {
    for (const pattern of patterns) {
      const { steps } = playOf(pattern, { admitFor: 1500, refuseFor: 2000 });
      for (const lamp of ['green', 'red', 'amber', 'steward'] as const) {
        const rises = steps.flatMap((s, i) =>
          s.on.includes(lamp) && !steps[i - 1]?.on.includes(lamp)
            ? [steps.slice(0, i).reduce((t, x) => t + x.ms, 0)]
            : [],
        );
        for (const [i, at] of rises.entries())
          if (i > 0) expect(at - (rises[i - 1] as number), `${pattern} ${lamp}`).toBeGreaterThanOrEqual(334);
      }
    }
  });

  it('good and bad differ without colour: short against long, one lamp against the other', () => {
    const sound = (p: Pattern): number =>
      playOf(p, { admitFor: 1500, refuseFor: 2000 }).steps.reduce(
        (t, s) => t + (s.on.includes('buzzer') ? s.ms : 0),
        0,
      );
    expect(sound('refuse')).toBeGreaterThan(3 * sound('admit'));
    expect(playOf('admit', { admitFor: 1500, refuseFor: 2000 }).steps.some((s) => s.on.includes('red'))).toBe(false);
  });
});
