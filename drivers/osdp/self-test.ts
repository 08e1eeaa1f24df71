import type { DriverContext, SelfTestStep } from '../contract.js';
import { CMD, REPLY } from './codec.js';
import type { Command, Link, Reply } from './link.js';
import type { Colour } from './payload.js';
import { decodeCapabilities, decodePdId, encodeBuzz, nakText } from './payload.js';
import { lamp } from './signal.js';

const POLLS = 100;
/** Each colour is looked at for so long, milliseconds: far below 3 Hz. */
const LOOK = 600;
/** Failed polls in a hundred that a sound cable may have. */
const TOLERATED = 1;

/** What a technician runs in front of the reader. Never rejects. `poke`: the bus has something to send. */
export async function selfTest(
  link: Link,
  { clock }: Pick<DriverContext, 'clock'>,
  poke: () => void,
  report: (step: SelfTestStep) => void,
): Promise<void> {
  const ask = ({ code, data }: Command): Promise<Reply> => {
    const reply = link.command(code, data);
    poke();
    return reply;
  };
  const step = async (name: string, run: () => Promise<Omit<SelfTestStep, 'name'>>): Promise<void> => {
    try {
      report({ name, ...(await run()) });
    } catch (error) {
      report({ name, ok: false, detail: (error as Error).message });
    }
  };
  const nothing = new Uint8Array();

  await step('identification', async () => {
    const reply = await ask({ code: CMD.ID, data: Uint8Array.of(0) });
    const id = reply.code === REPLY.PDID ? decodePdId(reply.data) : undefined;
    if (!id) return { ok: false, detail: refusal(reply) };
    return {
      ok: true,
      detail: `vendor ${id.vendor}, model ${id.model}.${id.version}, serial ${id.serial}, firmware ${id.firmware}`,
    };
  });
  await step('capabilities', async () => {
    const reply = await ask({ code: CMD.CAP, data: Uint8Array.of(0) });
    const list = reply.code === REPLY.PDCAP ? decodeCapabilities(reply.data) : undefined;
    if (!list) return { ok: false, detail: refusal(reply) };
    return {
      ok: true,
      detail: list.map((c) => `${FUNCTIONS[c.function] ?? c.function}: ${c.compliance}/${c.number}`).join(', '),
    };
  });
  await step('secure channel', async () => {
    if (link.state !== 'ready') return { ok: false, detail: link.reason };
    if (!link.secure) return { ok: false, detail: 'no: anybody at the cable can send cards; set `key`' };
    if (!link.settings.key) return { ok: false, detail: 'only with the default key, which everybody knows; set `key`' };
    return { ok: true, detail: 'yes, with its own key' };
  });
  await step('lamp', async () => {
    const colours: readonly Colour[] = ['red', 'green', 'amber'];
    for (const colour of colours) {
      const reply = await ask(lamp(colour, LOOK / 100));
      if (reply.code === REPLY.NAK) return { ok: false, detail: refusal(reply) };
      await clock.sleep(LOOK);
    }
    return { ok: null, detail: `was the lamp ${colours.join(', then ')}?` };
  });
  await step('buzzer', async () => {
    const data = encodeBuzz({ reader: 0, tone: 2, on: 2, off: 0, count: 1 });
    const reply = await ask({ code: CMD.BUZ, data });
    if (reply.code === REPLY.NAK) return { ok: false, detail: refusal(reply) };
    return { ok: null, detail: 'was there one short tone?' };
  });
  await step('line', async () => {
    const before = link.counters.timeouts;
    for (let i = 0; i < POLLS; i++) await ask({ code: CMD.POLL, data: nothing });
    const failed = link.counters.timeouts - before;
    return {
      ok: failed <= TOLERATED,
      detail: `${failed} of ${POLLS + failed} polls failed${failed > TOLERATED ? ': check A, B, ground and the 120 ohm terminations' : ''}`,
    };
  });
}

/** Names of the functions in PDCAP. */
const FUNCTIONS: Readonly<Record<number, string>> = {
  1: 'contacts',
  2: 'outputs',
  3: 'card format',
  4: 'LED',
  5: 'buzzer',
  6: 'text',
  8: 'CRC',
  9: 'security',
  10: 'receive size',
  13: 'readers',
  16: 'version',
};

const refusal = ({ code, data }: Reply): string =>
  code === REPLY.NAK ? `refused: ${nakText(data[0] ?? 0)}` : `answered with ${code.toString(16)}`;
