import type {
  Barrier,
  BarrierEvents,
  BarrierInput,
  DeviceStatus,
  Direction,
  DriverContext,
  Grant,
  LineState,
  SelfTestStep,
} from '../contract.js';
import { DriverFault } from '../contract.js';
import { Emitter } from '../transport/emitter.js';
import type { Board, Input, Output, Way } from './board.js';
import type { Sensed } from './passage-sensor.js';
import { PassageSensor } from './passage-sensor.js';

export interface TurnstileSettings {
  /** Milliseconds. */
  pulse: number;
  entry: Way;
  passMin: number;
  passMax: number;
}

const MONITORS: readonly BarrierInput[] = ['fire', 'release', 'fault', 'forced', 'ready', 'tamper'];
/** A board that has not told of all edges is asked again after this time, milliseconds. */
const CATCH_UP = 10;
/** An "off" that was refused by a board that is there is told again after this time, milliseconds. */
const OFF_RETRY = 100;

/**
 * A barrier out of relays and contacts, the same for every board: one pulse a grant, off whatever happens, passages judged by their
 * contacts. Whether a passage was granted is the lane's to say.
 */
export class TurnstileBarrier implements Barrier {
  readonly capabilities: Barrier['capabilities'];
  readonly #board: Board;
  readonly #settings: TurnstileSettings;
  readonly #context: DriverContext;
  readonly #events: Emitter<BarrierEvents>;
  readonly #sensor: PassageSensor;
  readonly #counters = { grants: 0, passages: 0, glitches: 0, failedOff: 0 };
  readonly #changes = new Map<Input | Output, { active: boolean; changes: number; at: number }>();
  #held: readonly Direction[] = [];
  #pulse: { end: Promise<void>; finish: () => void } | undefined;
  #sensorFault: string | undefined;
  #stuckOn: string | undefined;
  #tick = new AbortController();

  constructor(board: Board, settings: TurnstileSettings, context: DriverContext) {
    this.#board = board;
    this.#settings = settings;
    this.#context = context;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.#sensor = new PassageSensor(settings);
    const directions = (kind: 'grant' | 'free'): Direction[] =>
      (['entry', 'exit'] as const).filter((d) => board.outputs.has(`${kind}${this.#way(d)}` as Output));
    this.capabilities = {
      directions: directions('grant'),
      passageSensor: board.inputs.has('passA') || board.inputs.has('passB'),
      free: directions('free'),
      inputs: MONITORS.filter((i) => board.inputs.has(i)),
    };
    board.on('up', () => void this.#onUp());
    board.on('down', () => {
      // "Off" is the first thing it hears when it is back.
      this.#stuckOn = undefined;
      for (const output of this.#board.outputs) {
        const seen = this.#changes.get(output);
        if (seen) this.#changes.set(output, { ...seen, active: false });
      }
      this.#pulse?.finish();
      this.#sensed(this.#sensor.stop());
      this.#status();
    });
    board.on('input', ({ input, active, at, after }) => this.#onInput(input, active, at, after));
  }

  #way(direction: Direction): Way {
    return direction === 'entry' ? this.#settings.entry : this.#settings.entry === 'A' ? 'B' : 'A';
  }
  #direction(way: Way): Direction {
    return way === this.#settings.entry ? 'entry' : 'exit';
  }

  on<K extends keyof BarrierEvents>(event: K, listener: BarrierEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  async grant(grant: Grant): Promise<void> {
    const output: Output = `grant${this.#way(grant.direction)}`;
    if (!this.#board.outputs.has(output)) {
      throw new DriverFault(
        'unsupported',
        `no relay for the direction ${grant.direction}: configure \`outputs.${output}\``,
      );
    }
    if (this.#pulse) throw new DriverFault('busy', 'the pulse before has not ended');
    const { clock } = this.#context;
    if (clock.monotonic() > grant.expiresAt) throw new DriverFault('expired', 'too late');
    // Claimed before the first await: a second grant in the meantime is refused.
    const stop = new AbortController();
    let ended: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const pulse = { end, finish: () => stop.abort() };
    this.#pulse = pulse;
    const over = (): void => {
      this.#pulse = undefined;
      ended();
    };
    try {
      if (this.#board.pulse) {
        await this.#board.pulse(output, this.#settings.pulse, grant.expiresAt);
        this.#changed(output, true, clock.monotonic());
      } else await this.#set(output, true, grant.expiresAt);
    } catch (error) {
      // It may have been heard all the same: off is always said.
      await this.#off(output);
      over();
      throw error;
    }
    this.#counters.grants++;
    void (async () => {
      await clock.sleep(this.#settings.pulse, stop.signal);
      if (!this.#board.pulse || stop.signal.aborted) await this.#off(output);
      else this.#changed(output, false, clock.monotonic());
      over();
    })();
  }

  /** Says "off" until the board has taken it, or is gone: then "off" is the first thing it hears when it is back. */
  async #off(output: Output): Promise<void> {
    for (;;) {
      try {
        await this.#set(output, false);
        if (this.#stuckOn !== undefined) {
          this.#stuckOn = undefined;
          this.#status();
        }
        return;
      } catch (error) {
        this.#counters.failedOff++;
        if (this.#board.state !== 'ready') return;
        // The board is there and did not take it.
        this.#stuckOn = `${output} may be on: ${(error as Error).message}`;
        this.#status();
        await this.#context.clock.sleep(OFF_RETRY);
      }
    }
  }

  async idle(): Promise<void> {
    await this.#pulse?.end;
  }

  async revoke(): Promise<void> {
    const running = this.#pulse;
    running?.finish();
    await running?.end;
    // Turnstiles that wait for a person after a pulse forget it on Stop.
    if (running && this.#board.outputs.has('block') && this.#board.state === 'ready') await this.#stopPulse();
  }

  async #stopPulse(): Promise<void> {
    try {
      await this.#set('block', true);
      await this.#context.clock.sleep(this.#settings.pulse);
    } catch {
      // "off" follows in any case.
    }
    await this.#off('block');
  }

  async hold(free: readonly Direction[]): Promise<void> {
    this.#held = free;
    for (const direction of ['entry', 'exit'] as const) {
      const output: Output = `free${this.#way(direction)}`;
      const on = free.includes(direction);
      if (this.#board.outputs.has(output)) await this.#set(output, on);
      else if (on)
        throw new DriverFault('unsupported', `nothing holds the ${direction} open: configure \`outputs.${output}\``);
    }
  }

  active(): ReadonlySet<BarrierInput> {
    const active = new Set(MONITORS.filter((i) => this.#board.level(i) === true));
    if (this.#sensorFault !== undefined) active.add('fault');
    return active;
  }

  lines(): readonly LineState[] {
    const of = (kind: 'input' | 'output', name: Input | Output, active: boolean | undefined): LineState => {
      const seen = this.#changes.get(name);
      return { name, kind, active: active ?? null, changes: seen?.changes ?? 0, at: seen?.at ?? null };
    };
    const { inputs, outputs, state } = this.#board;
    return [
      ...[...inputs].map((name) => of('input', name, this.#board.level(name))),
      ...[...outputs].map((name) =>
        of('output', name, state === 'ready' ? (this.#changes.get(name)?.active ?? false) : undefined),
      ),
    ];
  }

  async #set(output: Output, on: boolean, expiresAt?: number): Promise<void> {
    await this.#board.set(output, on, expiresAt);
    this.#changed(output, on, this.#context.clock.monotonic());
  }

  #changed(line: Input | Output, active: boolean, at: number): void {
    const seen = this.#changes.get(line);
    const isInput = this.#board.inputs.has(line as Input);
    if ((seen?.active ?? (isInput ? undefined : false)) === active) return;
    this.#changes.set(line, { active, changes: (seen?.changes ?? 0) + 1, at });
    this.#context.trace?.(isInput ? 'in' : 'out', `${line} ${active ? 'on' : 'off'}`);
  }

  async #onUp(): Promise<void> {
    const level = (input: Input): boolean => this.#board.level(input) === true;
    this.#sensed(this.#sensor.start({ A: level('passA'), B: level('passB') }, this.#context.clock.monotonic()));
    this.#status();
    if (this.#held.length === 0) return;
    await this.hold(this.#held).catch((error: unknown) => {
      this.#context.log.warn({ error: String(error) }, 'could not be held open again');
    });
  }

  #onInput(input: Input, active: boolean, at: number, after = at): void {
    this.#changed(input, active, at);
    if (input === 'passA' || input === 'passB')
      return this.#sensed(this.#sensor.edge(input === 'passA' ? 'A' : 'B', active, at, after));
    if (input === 'ready') this.#sensed(this.#sensor.ready(at, after));
    this.#events.emit('input', { input, active });
    if (input === 'ready' || input === 'fault') this.#status();
  }

  #sensed(sensed: readonly Sensed[]): void {
    for (const s of sensed) {
      if (s.kind === 'passage') {
        this.#counters.passages++;
        this.#events.emit('passage', { direction: this.#direction(s.way), at: s.at });
      } else if (s.kind === 'glitch') {
        this.#counters.glitches++;
      } else {
        this.#sensorFault = s.kind === 'fault' ? s.why : undefined;
        this.#events.emit('input', { input: 'fault', active: s.kind === 'fault' });
        this.#status();
      }
    }
    void this.#tickLater();
  }

  async #tickLater(): Promise<void> {
    this.#tick.abort();
    const due = this.#sensor.next();
    if (due === undefined) return;
    const mine = new AbortController();
    this.#tick = mine;
    const { clock } = this.#context;
    await clock.sleep(Math.max(1, due - clock.monotonic()), mine.signal);
    // Catching up may tell of an edge, and then this wait is another one's.
    for (; !mine.signal.aborted; await clock.sleep(CATCH_UP, mine.signal)) {
      const known = this.#known();
      if (known >= due && !mine.signal.aborted) return this.#sensed(this.#sensor.tick(known));
    }
  }

  /** Up to when every edge has been told. */
  #known(): number {
    return this.#board.catchUp?.() ?? this.#context.clock.monotonic();
  }

  async caughtUp(): Promise<void> {
    const { clock } = this.#context;
    const from = clock.monotonic();
    while (this.#board.state === 'ready' && (this.#known() < from || this.#sensor.pending)) await clock.sleep(CATCH_UP);
  }

  #status(): void {
    this.#events.emit('status', this.status());
  }

  status(): DeviceStatus {
    const { state, reason } = this.#board;
    const counters = { ...this.#counters, ...this.#board.counters };
    if (state !== 'ready') return { state, reason, counters };
    const why =
      this.#stuckOn ??
      this.#sensorFault ??
      (this.#board.level('fault') === true ? 'the turnstile reports a fault' : undefined) ??
      (this.#board.level('ready') === false ? 'the turnstile says it is not ready' : undefined);
    return why === undefined ? { state, counters } : { state: 'degraded', reason: why, counters };
  }

  open(): Promise<void> {
    return this.#board.open();
  }

  async close(): Promise<void> {
    const running = this.#pulse;
    running?.finish();
    await running?.end;
    this.#tick.abort();
    await this.#board.close();
  }

  async selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    const { state, reason } = this.#board;
    report({ name: 'board', ok: state === 'ready', detail: state === 'ready' ? 'answers' : reason });
    for (const step of await this.#board.describe()) report(step);
    for (const input of this.#board.inputs) {
      const level = this.#board.level(input);
      report({
        name: `input ${input}`,
        ok: level !== undefined,
        detail: level === undefined ? 'not known' : level ? 'active' : 'at rest',
      });
    }
    if (!this.capabilities.passageSensor) {
      report({ name: 'passages', ok: null, detail: 'no pass contact is configured: an admission counts as passed' });
    }
  }
}
