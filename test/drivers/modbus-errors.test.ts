import { expect, it } from 'vitest';
import { AnswerFramer, withCrc } from '../../drivers/framing/modbus-frames.js';
import { seededRandom } from '../../src/clock.js';

/** One poll every 40 ms; `MODBUS_HOURS=24` runs a whole day of bus time. */
const HOURS = Number(process.env.MODBUS_HOURS ?? 2);
const FRAMES = Math.round((HOURS * 3_600_000) / 40);
const BIT_ERROR_RATE = 1e-3;
const REQUEST = withCrc(Uint8Array.of(1, 2, 0, 0, 0, 8));

/** Damages bits; returns how many. */
function damage(bytes: Uint8Array, random: () => number): number {
  let flipped = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    if (random() >= BIT_ERROR_RATE) continue;
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7));
    flipped++;
  }
  return flipped;
}

it(
  `${HOURS} h of a bus with bit errors of 1e-3: every right frame is read, no wrong one`,
  { timeout: 3_600_000 },
  () => {
    const random = seededRandom(5);
    const framer = new AnswerFramer();
    let right = 0;
    let read = 0;
    let wrong = 0;
    let exceptions = 0;
    for (let i = 0; i < FRAMES; i++) {
      const levels = Math.floor(random() * 256);
      const answer = withCrc(Uint8Array.of(1, 2, 1, levels));
      const flipped = damage(answer, random);
      if (flipped === 0) right++;
      framer.expect(REQUEST);
      // What the time-out before left on the line comes first, now and then.
      const noise =
        random() < 0.01
          ? Uint8Array.from({ length: 1 + Math.floor(random() * 12) }, () => Math.floor(random() * 256))
          : new Uint8Array();
      const found = framer.push(Uint8Array.of(...noise, ...answer));
      if (!found) continue;
      // Two flipped bits may turn an answer into an exception: an error that is told, not a wrong level.
      if (found.length === 5) exceptions++;
      else if (found[3] === levels) read++;
      else wrong++;
    }
    expect(read).toBe(right);
    // CRC-16 finds every error of up to three bits in frames this short, and misses one of 65,536 of the others.
    expect(wrong).toBe(0);
    expect(exceptions).toBeLessThan(FRAMES / 100_000 + 2);
    expect(right).toBeLessThan(FRAMES);
  },
);
