import { createPublicKey, verify } from 'node:crypto';
import type { Clock } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { VenueStore } from '../store/venue-store.js';
import { venueKeys } from '../store/venue-store.js';
import * as t from './topics.js';
import type { Wire } from './wire.js';

export interface Commander {
  name: string;
  /** Ed25519, base64 of the DER form. */
  key: string;
  may: readonly string[];
}

interface Parts {
  clock: Clock;
  log: Log;
  act: {
    setMode(lane: string, mode: 'controlled' | 'free' | 'closed', who: string, why: string): Promise<void>;
    pulse(lane: string, who: string): Promise<void>;
    selfTest(): Promise<unknown>;
    syncNow(): Promise<unknown>;
    health(): object;
  };
  seen: VenueStore;
}

/** Milliseconds. */
const HEALTH_EVERY = 10_000;
const LAST_EVENTS = 10;
/** A command lives no longer than this, whatever its maker wrote into it. */
const LONGEST_COMMAND = 60_000;
/** Its signature and its text are two lines. */
const SEPARATOR = '\n';

/** What a gate tells the venue, and the commands it obeys. */
export class Telemetry {
  readonly #s: { venue: string; gate: string; commanders: readonly Commander[] };
  readonly #p: Parts;
  readonly #timer: NodeJS.Timeout;
  readonly #events: object[] = [];
  #wire: Wire | undefined;

  constructor(settings: { venue: string; gate: string; commanders: readonly Commander[] }, parts: Parts) {
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
    try {
      const body = { schema: 'health/1', at: this.#p.clock.now(), ...this.#p.act.health(), last: this.#events };
      // A value that is not renewed disappears.
      const properties = { messageExpiryInterval: 45 };
      this.#wire?.send(t.topics.health(venue, gate), JSON.stringify(body), { retain: true, properties });
    } catch (error) {
      this.#p.log.debug({ error: describeError(error) }, 'no health yet');
    }
  }

  /** Live, at most once, codes masked. */
  onDecision(event: object): void {
    this.#events.push(event);
    if (this.#events.length > LAST_EVENTS) this.#events.shift();
    this.#wire?.send(t.topics.event(this.#s.venue, this.#s.gate), JSON.stringify({ schema: 'check/1', ...event }));
  }

  onMessage(topic: string, payload: Buffer): void {
    if (topic === t.topics.command(this.#s.venue, this.#s.gate)) void this.#command(payload);
  }

  async #command(payload: Buffer): Promise<void> {
    const outcome = await this.#obey(payload).catch((error: unknown) => ({ done: false, why: describeError(error) }));
    this.#p.log.warn({ ...outcome }, 'a command from the venue');
    const body = { schema: 'commanded/1', at: this.#p.clock.now(), ...outcome };
    this.#wire?.send(t.topics.commanded(this.#s.venue, this.#s.gate), JSON.stringify(body));
  }

  async #obey(payload: Buffer): Promise<{ id?: string; by?: string; done: boolean; why?: string }> {
    const refused = (why: string): { done: false; why: string } => ({ done: false, why });
    const checked = checkCommand(payload, { ...this.#s, now: this.#p.clock.now() });
    if (!checked.ok) return refused(checked.why);
    const { id, by, command } = checked.command;
    // Written down before it is done: a command is obeyed once, also after a restart.
    const key = venueKeys.named(`command ${id}`);
    if (this.#p.seen.has(key)) return { id, by, ...refused('this command was given before') };
    await this.#p.seen.commit([{ key, value: checked.command.expires }]);
    const { act } = this.#p;
    switch (command.do) {
      case 'mode':
        await act.setMode(command.lane, command.mode, by, command.why);
        break;
      case 'pulse':
        await act.pulse(command.lane, by);
        break;
      case 'sync':
        await act.syncNow();
        break;
      case 'selftest':
        await act.selfTest();
        break;
    }
    return { id, by, done: true };
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

type Checked = { ok: true; command: t.Command } | { ok: false; why: string };

/** Signature, rights and time of a command. Pure. */
export function checkCommand(
  payload: Buffer,
  { gate, commanders, now }: { gate: string; commanders: readonly Commander[]; now: number },
): Checked {
  const refused = (why: string): Checked => ({ ok: false, why });
  const text = payload.toString('utf8');
  const cut = text.indexOf(SEPARATOR);
  if (cut < 0) return refused('not signed');
  let body: unknown;
  try {
    body = JSON.parse(text.slice(cut + 1));
  } catch {
    return refused('not JSON');
  }
  const parsed = t.command.safeParse(body);
  if (!parsed.success) return refused('not a command');
  const command = parsed.data;
  const by = commanders.find((c) => c.name === command.by);
  if (!by) return refused(`nobody of the name ${command.by} may give commands here`);
  const key = createPublicKey({ key: Buffer.from(by.key, 'base64'), format: 'der', type: 'spki' });
  if (!verify(null, Buffer.from(text.slice(cut + 1)), key, Buffer.from(text.slice(0, cut), 'base64')))
    return refused('the signature is not that of the commander');
  if (command.gate !== gate) return refused('meant for another gate');
  if (command.expires < now) return refused('too late');
  if (command.expires > now + LONGEST_COMMAND) return refused('lives too long');
  if (!by.may.includes(command.command.do)) return refused(`${by.name} may not do ${command.command.do}`);
  return { ok: true, command };
}
