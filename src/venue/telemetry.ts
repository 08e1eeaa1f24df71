import type { Clock } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { VenueStore } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import type { Commander } from './commands.js';
import { checkCommand } from './commands.js';
import * as t from './topics.js';
import type { Wire } from './wire.js';

export interface TelemetrySettings {
  venue: string;
  gate: string;
  commanders: readonly Commander[];
}

interface Parts {
  clock: Clock;
  log: Log;
  health: () => t.HealthFacts;
  /** Does what a command says; resolves with what became of it, without any whole code. */
  obey: (command: t.Command['command'], by: string) => Promise<string>;
  /** Into the journal: who did what. */
  note: (what: string) => Promise<void>;
  seen: Pick<VenueStore, 'has' | 'get' | 'keys' | 'commit'>;
  /** Retained beside the health: the hub's counts. */
  beside?: { topic: string; body: () => object };
}

/** Milliseconds. */
const HEALTH_EVERY = 5_000;
/** Seconds after which a value that is not renewed disappears. */
const FORGOTTEN_AFTER = 30;
const LAST_EVENTS = 10;
const COMMANDS = { gt: venueKeys.named('command '), lt: venueKeys.named('command!') };

type Outcome = { id?: string; by?: string; do?: string; done: boolean; why?: string; result?: string };

/** What a gate (and the hub) tells the venue, and the commands it obeys. */
export class Telemetry {
  readonly #s: TelemetrySettings;
  readonly #p: Parts;
  readonly #timer: NodeJS.Timeout;
  readonly #events: t.CheckEvent[] = [];
  /** Nonces that are being written down. */
  readonly #taken = new Set<string>();
  #wire: Wire | undefined;

  constructor(settings: TelemetrySettings, parts: Parts) {
    this.#s = settings;
    this.#p = parts;
    this.#timer = setInterval(() => this.#health(), HEALTH_EVERY);
    this.#timer.unref();
  }

  onUp(wire: Wire): void {
    this.#wire = wire;
    this.#health();
  }

  #health(): void {
    const { venue, gate } = this.#s;
    const { clock, health, beside, log } = this.#p;
    const options = { retain: true, properties: { messageExpiryInterval: FORGOTTEN_AFTER } };
    try {
      const body: t.Health = { schema: 'health/1', gate, at: clock.now(), ...health(), last: [...this.#events] };
      this.#wire?.send(t.topics.health(venue, gate), JSON.stringify(body), options);
      if (beside) this.#wire?.send(beside.topic, JSON.stringify(beside.body()), options);
    } catch (error) {
      log.debug({ error: describeError(error) }, 'no health yet');
    }
  }

  /** Live, at most once. `code` is masked already. */
  onDecision(event: Omit<t.CheckEvent, 'schema' | 'gate'>): void {
    const { lane, at, code, admitted, reason, rule, checkId, decidedAfter, grantedAfter } = event;
    const { venue, gate } = this.#s;
    const body: t.CheckEvent = {
      schema: 'check/1',
      gate,
      lane,
      at,
      code,
      admitted,
      reason,
      ...(rule !== undefined && { rule }),
      ...(checkId !== undefined && { checkId }),
      decidedAfter,
      ...(grantedAfter !== undefined && { grantedAfter }),
    };
    this.#events.push(body);
    if (this.#events.length > LAST_EVENTS) this.#events.shift();
    this.#wire?.send(t.topics.event(venue, gate), JSON.stringify(body));
  }

  onMessage(topic: string, payload: Buffer): void {
    if (topic === t.topics.command(this.#s.venue, this.#s.gate)) void this.#command(payload);
  }

  async #command(payload: Buffer): Promise<void> {
    const { log, clock } = this.#p;
    const outcome = await this.#judge(payload);
    log.warn(
      { ...outcome },
      outcome.done ? 'a command from the venue was obeyed' : 'a command from the venue was not obeyed',
    );
    const body: t.Commanded = { schema: 'commanded/1', gate: this.#s.gate, at: clock.now(), ...outcome };
    this.#wire?.send(t.topics.commanded(this.#s.venue, this.#s.gate), JSON.stringify(body));
  }

  async #judge(payload: Buffer): Promise<Outcome> {
    const checked = checkCommand(payload, { ...this.#s, now: this.#p.clock.now() });
    if (!checked.ok) return { done: false, ...(checked.id !== undefined && { id: checked.id }), why: checked.why };
    const { id, by, command, expires } = checked.command;
    const about = { id, by, do: command.do };
    try {
      if (!(await this.#first(id, expires))) return { ...about, done: false, why: 'this command was given before' };
      const result = await this.#p.obey(command, `${by} (venue command)`);
      await this.#p.note(`command ${command.do} by ${by}: ${result} (${id})`);
      return { ...about, done: true, result };
    } catch (error) {
      const why = describeError(error);
      await this.#p.note(`command ${command.do} by ${by} failed: ${why} (${id})`).catch(() => {});
      return { ...about, done: false, why };
    }
  }

  /** Written down before it is done: a command is obeyed once, also after a restart. Nonces that have expired are forgotten. */
  async #first(id: string, expires: number): Promise<boolean> {
    const { seen, clock } = this.#p;
    const key = venueKeys.named(`command ${id}`);
    if (this.#taken.has(id) || seen.has(key)) return false;
    this.#taken.add(id);
    const now = clock.now();
    // A clock that was set back must not make an old command new: they are kept for a day.
    const old = (await seen.keys(COMMANDS)).filter((k) => Number(seen.get(k)) < now - KEPT);
    await seen.commit([{ key, value: expires }, ...old.map((k) => ({ key: k, value: undefined }))]);
    if (this.#taken.size > 1_000) this.#taken.clear();
    return true;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

/** Milliseconds. */
const KEPT = 24 * 3_600_000;
