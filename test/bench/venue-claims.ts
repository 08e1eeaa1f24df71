import { randomBytes } from 'node:crypto';
import { seededRandom } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { passwordOf } from '../../src/cli/demo/venue-stage.js';
import { linkKey, seal, unseal } from '../../src/venue/seal.js';
import { topics } from '../../src/venue/topics.js';
import { Wire } from '../../src/venue/wire.js';
import type { Quantiles } from './measure.js';
import { quantiles } from './measure.js';

const VENUE = 'venue';

/** A gate's side of the wire and nothing else: asks as a gate asks, checks the seal as a gate does. */
export class Claimer {
  readonly #gate: string;
  readonly #key: string;
  readonly #wire: Wire;
  readonly #session = randomBytes(6).toString('hex');
  readonly #waiting = new Map<string, (result: string) => void>();
  readonly ready: Promise<void>;
  #n = 0;

  constructor(gate: string, brokerUrl: string, secret: string) {
    this.#gate = gate;
    this.#key = linkKey(secret, gate);
    const answers = topics.fromHub(VENUE, gate, 'claim');
    let up = (): void => {};
    this.ready = new Promise((resolve) => (up = resolve));
    this.#wire = new Wire(
      {
        broker: { url: brokerUrl, username: gate, password: passwordOf(gate) },
        clientId: `bench-${gate}-${this.#session}`,
        subscriptions: [answers],
      },
      {
        log: silentLog,
        random: seededRandom(1),
        onMessage: (topic, payload) => {
          const body = unseal(this.#key, topic, payload) as { id: string; answer: { result: string } } | undefined;
          if (!body) return;
          this.#waiting.get(body.id)?.(body.answer.result);
          this.#waiting.delete(body.id);
        },
        onUp: up,
        onDown: () => {},
      },
    );
  }

  /** Milliseconds until the hub's word was here; rejects when it never comes. */
  claim(barcode: string): Promise<{ ms: number; result: string }> {
    const id = `${this.#gate}.${this.#session}.${++this.#n}`;
    const topic = topics.toHub(VENUE, this.#gate, 'claim');
    const body = { id, lane: 'lane-1', barcode, slot: 'PERF1', at: Date.now() };
    const t = performance.now();
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('a claim was never answered')), 10_000);
      this.#waiting.set(id, (result) => {
        clearTimeout(late);
        resolve({ ms: performance.now() - t, result });
      });
      this.#wire.send(topic, seal(this.#key, topic, body), {
        properties: {
          responseTopic: topics.fromHub(VENUE, this.#gate, 'claim'),
          correlationData: Buffer.from(id),
          messageExpiryInterval: 10,
        },
      });
    });
  }

  close(): Promise<void> {
    return this.#wire.close();
  }
}

const code = (n: number): string => String((n * 48_271) % 1_000_003).padStart(10, '0') + String(n).padStart(10, '0');

/** `perSecond` claims spread over the claimers by the clock, whether answers come or not. Microseconds. */
export async function benchRoundTrip(
  claimers: readonly Claimer[],
  perSecond: number,
  seconds: number,
): Promise<Quantiles> {
  const samples: number[] = [];
  const warmUp = perSecond * 2;
  const count = perSecond * seconds + warmUp;
  const running: Promise<void>[] = [];
  const started = performance.now();
  for (let n = 0; n < count; n++) {
    const due = started + (n * 1000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const claimer = claimers[n % claimers.length] as Claimer;
    running.push(
      claimer.claim(`1${code(n)}`).then(({ ms, result }) => {
        if (result !== 'granted') throw new Error(`a fresh ticket was ${result}`);
        if (n >= warmUp) samples.push(ms);
      }),
    );
  }
  await Promise.all(running);
  return quantiles(samples);
}

/** Every claimer keeps `outstanding` claims open; a tenth of the tickets come again. Answered claims a second. */
export async function benchThroughput(
  claimers: readonly Claimer[],
  outstanding: number,
  seconds: number,
): Promise<{ perSecond: number; granted: number; used: number; wait: Quantiles }> {
  const waits: number[] = [];
  const results: Record<string, number> = {};
  let next = 0;
  const started = performance.now();
  const warm = started + 2_000;
  const end = warm + seconds * 1000;
  const one = async (claimer: Claimer): Promise<void> => {
    while (performance.now() < end) {
      const n = next++;
      const { ms, result } = await claimer.claim(`2${code(n % 10 === 9 ? n - 9 : n)}`);
      const now = performance.now();
      if (now < warm || now > end) continue;
      waits.push(ms);
      results[result] = (results[result] ?? 0) + 1;
    }
  };
  await Promise.all(claimers.flatMap((c) => Array.from({ length: outstanding }, () => one(c))));
  const { granted = 0, used = 0 } = results;
  if (granted + used < waits.length) throw new Error(`the hub did not answer: ${JSON.stringify(results)}`);
  return { perSecond: waits.length / seconds, granted, used, wait: quantiles(waits) };
}
