import type { Random } from '../../clock.js';
import type { JournalRecord } from '../../domain/records.js';
import type { ConflictReport } from '../../diagnostics/venue-model.js';
import { PortillonError } from '../../errors.js';
import { HUB } from './venue-stage.js';
import type { VenueStage } from './venue-stage.js';

/** Milliseconds. */
const LOOK_EVERY = 150;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A crowd that reuses its tickets: at every gate somebody steps up, with a ticket that somebody may have used before. */
export class VenueCrowd {
  readonly #stage: VenueStage;
  readonly #tickets: readonly string[];
  readonly #random: Random;
  /** Tickets in somebody's hands at the start, and new ones a second: people keep coming who have not been in yet. */
  readonly #first: number;
  readonly #grow: number;
  #startedAt = 0;
  #running = false;
  #walkers: Promise<void>[] = [];
  presented = 0;

  constructor(
    stage: VenueStage,
    tickets: readonly string[],
    random: Random,
    { first = tickets.length, grow = 0 }: { first?: number; grow?: number } = {},
  ) {
    this.#first = first;
    this.#grow = grow;
    this.#stage = stage;
    this.#tickets = tickets;
    this.#random = random;
  }

  /** `every`: milliseconds between two people at a gate, on average. */
  start(gates: readonly string[], every: number): void {
    this.#running = true;
    this.#startedAt = performance.now();
    this.#walkers = gates.map((gate) => this.#walk(gate, every));
  }

  /** Tickets that somebody may have shown by now. */
  get out(): readonly string[] {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    return this.#tickets.slice(0, Math.floor(this.#first + this.#grow * seconds));
  }

  /** Every other one is among the newest. */
  #pick(): string {
    const { out } = this;
    const from = this.#random() < 0.5 ? Math.max(0, out.length - this.#first) : 0;
    return out[from + Math.floor(this.#random() * (out.length - from))] as string;
  }

  async #walk(gate: string, every: number): Promise<void> {
    while (this.#running) {
      await this.present(gate, this.#pick());
      await pause(every * (0.5 + this.#random()));
    }
  }

  /** A gate whose process is away gets nobody. */
  async present(gate: string, code: string): Promise<void> {
    try {
      await this.#stage.of(gate).api.post('/lanes/lane-1/readers/0/present', code);
      this.presented++;
    } catch {
      // Being started or killed.
    }
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#walkers);
  }
}

export async function until(what: string, condition: () => Promise<boolean>, patience: number): Promise<void> {
  const end = performance.now() + patience;
  for (;;) {
    if (await condition().catch(() => false)) return;
    if (performance.now() > end) throw new PortillonError('DEMO_VENUE', `it never came to: ${what}`);
    await pause(LOOK_EVERY);
  }
}

/** Every gate has the hub's list, and lanes and link are ready. */
export async function allReady(stage: VenueStage, patience: number): Promise<void> {
  for (const name of stage.names)
    await stage
      .of(name)
      .until(
        (s) =>
          (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null &&
          s.lanes.every((l) => l.devices.every((d) => d.status.state === 'ready')),
        patience,
      );
  await inStep(stage, patience);
}

/** Everything the gates have done is at the hub, and everything of the hub is at SecuTix. */
export async function inStep(stage: VenueStage, patience: number): Promise<void> {
  for (const name of stage.names.slice(1))
    await until(`${name} in step`, async () => (await stage.report(name)).link?.inStep === true, patience);
  await stage.of(HUB).until((s) => s.journal.waiting === 0, patience);
}

export async function journalsOf(stage: VenueStage): Promise<Map<string, JournalRecord[]>> {
  const journals = new Map<string, JournalRecord[]>();
  for (const name of stage.names.slice(1)) {
    const records: JournalRecord[] = [];
    for (;;) {
      const after = records.at(-1)?.seq ?? 0;
      const page = await stage.of(name).api.get<JournalRecord[]>(`/journal?limit=5000&after=${after}`);
      if (page.length === 0) break;
      records.push(...page);
    }
    journals.set(name, records);
  }
  return journals;
}

export const conflictsOf = (stage: VenueStage): Promise<ConflictReport[]> =>
  stage.of(HUB).api.get<ConflictReport[]>('/venue/conflicts');
