import { createInterface } from 'node:readline';
import { UsageError } from '../../errors.js';
import type { LocalBroker } from './broker.js';
import type { Cable } from './cable.js';
import { HUB } from './venue-stage.js';
import type { VenueStage } from './venue-stage.js';
import { pause } from './venue-crowd.js';

/** One plug, and how long it stays pulled, milliseconds. */
export interface Fault {
  plug: string;
  ms: number;
}

/** Without a plan of one's own: one of each kind. */
export const USUAL = 'broker 8s, hub 8s, gate-1 8s';
const USUALLY = 8_000;

/** `broker 8s, hub, gate-2 20s, kill gate-3 5s`. */
export function parseFaults(text: string, gates: readonly string[]): Fault[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^((?:kill )?[a-z0-9-]+)(?: (\d+(?:\.\d+)?)s)?$/.exec(part);
      const plug = match?.[1] ?? '';
      const known = ['broker', HUB, ...gates, ...gates.map((g) => `kill ${g}`)];
      if (!match || !known.includes(plug))
        throw new UsageError(`no plug "${part}"`, {
          hint: `plugs: broker, hub, ${gates[0] ?? 'gate-1'} (its cable), kill ${gates[0] ?? 'gate-1'}; how long: 8s`,
        });
      return { plug, ms: match[2] === undefined ? USUALLY : Number(match[2]) * 1000 };
    });
}

/** The plugs of the venue on this machine. Remembers how often each gate may have been alone. */
export class Plugs {
  readonly #stage: VenueStage;
  readonly #broker: LocalBroker;
  readonly #cables: ReadonlyMap<string, Cable>;
  readonly #pulled = new Set<string>();
  readonly partitions = new Map<string, number>();

  constructor(stage: VenueStage, broker: LocalBroker, cables: ReadonlyMap<string, Cable>) {
    this.#stage = stage;
    this.#broker = broker;
    this.#cables = cables;
  }

  isPulled(plug: string): boolean {
    return this.#pulled.has(plug);
  }

  async pull(plug: string): Promise<string> {
    this.#pulled.add(plug);
    const alone = plug === 'broker' || plug === HUB ? [...this.#cables.keys()] : [plug.replace(/^kill /, '')];
    for (const gate of alone) this.partitions.set(gate, (this.partitions.get(gate) ?? 0) + 1);
    if (plug === 'broker') {
      await this.#broker.stop('SIGKILL');
      return "the broker's plug is pulled (kill -9)";
    }
    if (plug === HUB || plug.startsWith('kill ')) {
      const name = plug.replace(/^kill /, '');
      await this.#stage.of(name).kill('SIGKILL');
      return `${name === HUB ? 'the hub' : name}'s plug is pulled (kill -9)`;
    }
    this.#cables.get(plug)?.pull();
    return `the network cable of ${plug} is pulled`;
  }

  async plugIn(plug: string): Promise<void> {
    if (!this.#pulled.delete(plug)) return;
    if (plug === 'broker') await this.#broker.start();
    else if (plug === HUB || plug.startsWith('kill ')) this.#stage.start(plug.replace(/^kill /, ''));
    else this.#cables.get(plug)?.plugIn();
  }

  async plugInAll(): Promise<void> {
    for (const plug of [...this.#pulled]) await this.plugIn(plug);
  }
}

/** What the show does with the plugs; `say` tells people. */
export interface Show {
  plugs: Plugs;
  gates: readonly string[];
  say: (line: string) => unknown;
  /** How the gates are, in one line. */
  look: () => Promise<string>;
  /** Every gate is in touch with the hub again. */
  whole: () => Promise<void>;
}

export async function playFaults(faults: readonly Fault[], { plugs, say, look, whole }: Show): Promise<void> {
  for (const { plug, ms } of faults) {
    say(`\n${await plugs.pull(plug)} for ${ms / 1000} s`);
    // Long enough for the gates to have noticed, also where the fault is longer.
    await pause(ms);
    say(`  ${await look()}`);
    await plugs.plugIn(plug);
    await whole();
    say(`  it is back: every gate joined again by itself`);
  }
}

const HELP = (gates: readonly string[]): string =>
  `keys, each with Enter: b broker, h hub, 1-${gates.length} the cable of that gate (again: plug it in), s look, q end and check`;

/** Plugs in a person's hand. Ends with `q` or the end of the input. */
export async function playByHand({ plugs, gates, say, look }: Show): Promise<void> {
  say(`\n${HELP(gates)}`);
  const lines = createInterface({ input: process.stdin });
  const ticker = setInterval(() => void look().then((line) => say(`  ${line}`)), 3_000);
  try {
    for await (const line of lines) {
      const key = line.trim();
      if (key === 'q') return;
      const plug = key === 'b' ? 'broker' : key === 'h' ? HUB : gates[Number(key) - 1];
      if (key === 's') say(`  ${await look()}`);
      else if (plug === undefined) say(HELP(gates));
      else if (plugs.isPulled(plug)) {
        await plugs.plugIn(plug);
        say(`${plug} is plugged in again`);
      } else say(await plugs.pull(plug));
    }
  } finally {
    clearInterval(ticker);
    lines.close();
  }
}
