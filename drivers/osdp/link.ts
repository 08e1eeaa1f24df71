import { randomBytes } from 'node:crypto';
import { DriverFault } from '../contract.js';
import type { Frame, Received } from './codec.js';
import { CMD, encodeFrame, REPLY } from './codec.js';
import { Handshake } from './handshake.js';
import type { Capability, PdId } from './payload.js';
import { decodeCapabilities, decodePdId, FUNCTION, NAK, nakText } from './payload.js';
import type { SecureSession } from './secure.js';
import { SCBK_D } from './secure.js';

export interface Command {
  code: number;
  data: Uint8Array;
}
export interface Reply {
  code: number;
  data: Uint8Array;
}
interface Job extends Command {
  done?: (reply: Reply) => void;
  failed?: (error: DriverFault) => void;
}

export interface LinkSettings {
  address: number;
  /** With it the secure channel is mandatory. */
  key?: Uint8Array;
  /** Without `key`: the secure channel with the factory's default key. */
  installMode: boolean;
  poll: number;
  replyTimeout: number;
  offlineAfter: number;
  /** The controller's random numbers; only tests choose them. */
  nonce?: () => Uint8Array;
}
export interface LinkHooks {
  /** Every reply of a reader that is ready, each once. */
  reply: (reply: Reply, at: number) => void;
  /** The reader is ready, for the first time or after a restart of the link, of which it may have forgotten its lamps. */
  linked: () => void;
  /** State, reason or quality changed. */
  changed: () => void;
}

/** A request that waits for its answer; its bytes are sent again as they are. */
interface Pending {
  bytes: Uint8Array;
  sequence: number;
  job?: Job;
}

const nothing = new Uint8Array();

type Phase = 'challenge' | 'prove' | 'identify' | 'capabilities' | 'condition' | 'ready';

/** A reader that never answered is called offline after so many time-outs; then it is asked less and less often. */
const PATIENCE = 3;
const BACKOFF_MAX = 1_000;
/** A wrong key is not tried at full speed. */
const KEY_RETRY = 2_000;
/** Part of failed exchanges, smoothed over about fifty, from which on the cable is to be looked at; half of it is well again. */
const BAD_RATE = 0.1;

/**
 * One reader as its controller sees it: sequence numbers, handshake, repeats, offline. No wire and no timer in here: the bus asks
 * for the next request, and says what became of it.
 */
export class Link {
  readonly settings: LinkSettings;
  readonly counters = { polls: 0, timeouts: 0, crcErrors: 0, noiseBytes: 0, handshakes: 0, reconnects: 0 };
  /** Not before this time is the next request to be sent. */
  dueAt = 0;
  id: PdId | undefined;
  capabilities: readonly Capability[] | undefined;
  readonly #hooks: LinkHooks;
  readonly #nonce: () => Uint8Array;
  #state: 'starting' | 'ready' | 'offline' = 'starting';
  #reason = '';
  #phase: Phase = 'identify';
  #sequence = 0;
  #pending: Pending | undefined;
  #handshake: Handshake | undefined;
  #session: SecureSession | undefined;
  #jobs: Job[] = [];
  #signal: Command[] = [];
  #lastGood = 0;
  #silent = 0;
  #lateUntil = 0;
  #errorRate = 0;
  #bad = false;
  #wasReady = false;
  #tried: (() => void)[] = [];

  constructor(settings: LinkSettings, hooks: LinkHooks) {
    this.settings = settings;
    this.#hooks = hooks;
    this.#nonce = settings.nonce ?? (() => randomBytes(8));
  }

  get state(): 'starting' | 'ready' | 'offline' {
    return this.#state;
  }
  get reason(): string {
    return this.#reason;
  }
  get secure(): boolean {
    return this.#session !== undefined;
  }
  /** More exchanges fail than a sound cable explains. */
  get bad(): boolean {
    return this.#bad;
  }
  get #key(): Uint8Array | undefined {
    return this.settings.key ?? (this.settings.installMode ? SCBK_D : undefined);
  }

  /** Resolves when it is known whether the reader answers. */
  tried(): Promise<void> {
    return new Promise((resolve) => (this.#state === 'starting' ? this.#tried.push(resolve) : resolve()));
  }

  /** The port is open: whatever was, the link begins anew. */
  begin(now: number): void {
    this.#lastGood = now;
    this.#silent = 0;
    this.#errorRate = 0;
    this.#lateUntil = 0;
    this.#restart(now, 0);
  }

  /** The port is gone. */
  end(reason: string): void {
    this.#drop(reason);
    this.#become('offline', reason);
  }

  /** Back to the state before the first `begin`. */
  reset(): void {
    this.#drop('closed');
    this.#state = 'starting';
    this.#reason = '';
    this.#wasReady = false;
    for (const tried of this.#tried.splice(0)) tried();
  }

  /** Asks the reader something; rejects with a `DriverFault` when the link is lost before the answer came. A NAK is an answer. */
  command(code: number, data: Uint8Array = nothing): Promise<Reply> {
    return new Promise((done, failed) => {
      if (this.#phase !== 'ready') return failed(new DriverFault('offline', this.#reason || 'the link is not up'));
      this.#jobs.push({ code, data, done, failed });
    });
  }

  /** Lamp and buzzer: what was not sent yet is replaced. */
  show(commands: readonly Command[]): void {
    if (this.#state !== 'ready') return;
    this.#signal = [...commands];
  }

  /** Lamp and buzzer have something to be told yet. */
  get signalling(): boolean {
    return this.#signal.length > 0;
  }

  /** What waits is sent as soon as it is this reader's turn, not at the next poll. */
  hurry(now: number): void {
    if (this.#phase === 'ready' && !this.#pending) this.dueAt = Math.min(this.dueAt, now);
  }

  /** Bytes of the next request: of the last one again, while it is unanswered. */
  request(): Uint8Array {
    this.counters.polls++;
    this.#pending ??= this.#compose();
    return this.#pending.bytes;
  }

  #compose(): Pending {
    const { address } = this.settings;
    const sequence = this.#sequence;
    if (this.#phase === 'challenge' || this.#phase === 'prove') {
      const handshake = (this.#handshake ??= new Handshake(this.#key!, this.settings.key ? 1 : 0, this.#nonce()));
      const prove = this.#phase === 'prove';
      const bytes = prove ? handshake.prove(address, sequence) : handshake.challenge(address, sequence);
      return { bytes, sequence };
    }
    const job = this.#nextJob();
    const { code, data } = job;
    const bytes = this.#session
      ? this.#session.seal(address, sequence, code, data)
      : encodeFrame({ address, reply: false, sequence, crc: true, code, data });
    return { bytes, sequence, job };
  }

  #nextJob(): Job {
    if (this.#phase === 'identify') return { code: CMD.ID, data: Uint8Array.of(0) };
    if (this.#phase === 'capabilities') return { code: CMD.CAP, data: Uint8Array.of(0) };
    // Whether it is tampered with is not told by itself when it was so before. It is also the first command that a reader
    // refuses which demands a secure channel: identification it gives to anybody.
    if (this.#phase === 'condition') return { code: CMD.LSTAT, data: nothing };
    return this.#jobs.shift() ?? this.#signal.shift() ?? { code: CMD.POLL, data: nothing };
  }

  /** A frame came while this link's request was on the wire; false: it is not the answer. */
  answer(received: Received, now: number): boolean {
    const { frame } = received;
    const pending = this.#pending;
    // We speak CRC, so must the reader: with a checksum one flipped bit would be noticed in 255 of 256 cases only.
    if (!pending || !frame.reply || !frame.crc || frame.address !== this.settings.address) return false;
    if (frame.code === REPLY.BUSY && !frame.block && (frame.sequence === 0 || frame.sequence === pending.sequence)) {
      // Ask again, with the same number. Not a sign of life that counts: a reader that is busy for ever is of no use.
      this.dueAt = now + this.settings.poll;
      this.#check(now, 'is always busy: switch it off and on');
      return true;
    }
    if (frame.sequence !== pending.sequence) return false;
    this.#silent = 0;
    this.#quality(0);
    if (this.#phase === 'challenge' || this.#phase === 'prove') this.#onHandshake(frame, now);
    else this.#onReply(received, pending, now);
    return true;
  }

  #onHandshake(frame: Frame, now: number): void {
    const handshake = this.#handshake;
    if (frame.code === REPLY.NAK) {
      const code = frame.data[0] ?? 0;
      if (code === NAK.NO_SECURITY || code === NAK.SECURITY || code === NAK.UNKNOWN)
        return this.#keyFails(now, nakText(code));
      return this.#restart(now);
    }
    if (this.#phase === 'challenge') {
      const good = handshake?.check(frame);
      if (good === undefined) return this.#restart(now);
      if (!good) return this.#keyFails(now, 'its proof does not fit');
      this.#phase = 'prove';
    } else {
      const session = handshake?.finish(frame);
      if (!session) return this.#keyFails(now, 'it does not accept ours');
      this.#session = session;
      this.#handshake = undefined;
      this.counters.handshakes++;
      this.#phase = 'identify';
    }
    this.#advance();
    this.dueAt = now;
  }

  #onReply(received: Received, pending: Pending, now: number): void {
    const { frame } = received;
    let data: Uint8Array | undefined = frame.data;
    if (this.#session) data = frame.mac && this.#session.open(received);
    // No MAC, a wrong MAC, or a plain NAK: the channel is over, and nothing in that frame is believed.
    else if (frame.block) data = undefined;
    if (data === undefined) return this.#restart(now);
    const reply = { code: frame.code, data };
    if (reply.code === REPLY.NAK) {
      const code = data[0] ?? 0;
      if (code === NAK.SECURITY && !this.#session)
        return this.#refuse(now, 'demands a secure channel: set `key`, or `installMode` for a new reader');
      // The reader was switched off in between, or never got what we believe it got.
      if (code === NAK.SEQUENCE || code === NAK.SECURITY || code === NAK.CHECK) return this.#restart(now);
    }
    this.#advance();
    this.dueAt = now;
    if (this.#phase === 'identify') {
      this.id = reply.code === REPLY.PDID ? decodePdId(data) : undefined;
      this.#phase = 'capabilities';
      return;
    }
    if (this.#phase === 'capabilities') {
      this.capabilities = reply.code === REPLY.PDCAP ? decodeCapabilities(data) : undefined;
      this.#phase = 'condition';
      return;
    }
    if (this.#phase === 'condition') this.#linked();
    this.#lastGood = now;
    if (this.#jobs.length === 0 && this.#signal.length === 0) this.dueAt = now + this.settings.poll;
    pending.job?.done?.(reply);
    this.#hooks.reply(reply, now);
  }

  #linked(): void {
    this.#phase = 'ready';
    if (this.#wasReady && this.#state === 'offline') this.counters.reconnects++;
    this.#wasReady = true;
    this.#become('ready', '');
    this.#hooks.linked();
  }

  #advance(): void {
    this.#pending = undefined;
    this.#sequence = (this.#sequence % 3) + 1;
  }

  /** No answer in time. The same request goes out again, with the same number: the reader then repeats what it answered. */
  timedOut(now: number): void {
    this.counters.timeouts++;
    this.#silent++;
    this.#quality(1);
    this.#lateUntil = now + 2 * this.settings.replyTimeout;
    const wait =
      this.#silent < PATIENCE ? 0 : Math.min(this.settings.poll * 2 ** (this.#silent - PATIENCE), BACKOFF_MAX);
    this.dueAt = now + wait;
    const what = 'does not answer: check its power, A and B, `address` and `baudRate`';
    if (this.#state === 'starting' && this.#silent >= PATIENCE) return this.#refuse(now, what, wait);
    // A reader that forgot us in mid-handshake would keep silent for ever.
    if (this.#phase !== 'ready' && this.#silent % (PATIENCE + 1) === 0) this.#restart(now, wait);
    else this.#check(now, what);
  }

  /** What the wire looked like meanwhile. */
  line(crcErrors: number, noiseBytes: number): void {
    this.counters.crcErrors += crcErrors;
    this.counters.noiseBytes += noiseBytes;
  }

  /** Offline when there was no good answer for too long. Until then the pending request is repeated: its answer may carry a card. */
  #check(now: number, what: string): void {
    if (now - this.#lastGood < this.settings.offlineAfter || this.#state === 'offline') return;
    this.#refuse(now, what, BACKOFF_MAX);
  }

  #keyFails(now: number, what: string): void {
    const which = this.settings.key ? 'the key' : 'the default key';
    this.#refuse(now, `refuses ${which} (${what}): set the reader's \`key\`; it is never used without`, KEY_RETRY);
  }

  #refuse(now: number, what: string, wait = KEY_RETRY): void {
    this.#become('offline', `reader ${this.settings.address} ${what}`);
    this.#restart(now, wait);
  }

  /** Sequence 0 resets the link on the reader's side. An answer that is still under way must be over before: it could bear a 0, too. */
  #restart(now: number, wait = this.settings.poll): void {
    this.#drop('the link was restarted');
    this.#sequence = 0;
    this.#phase = this.#key ? 'challenge' : 'identify';
    this.dueAt = Math.max(now + wait, this.#lateUntil);
    this.#check(now, 'keeps losing the link: check the cable');
  }

  #drop(why: string): void {
    const lost = [this.#pending?.job, ...this.#jobs];
    this.#pending = undefined;
    this.#session = undefined;
    this.#handshake = undefined;
    this.#jobs = [];
    for (const job of lost) job?.failed?.(new DriverFault('offline', why));
  }

  #quality(failed: 0 | 1): void {
    this.#errorRate += (failed - this.#errorRate) / 50;
    const bad = this.#errorRate > (this.#bad ? BAD_RATE / 2 : BAD_RATE);
    if (bad === this.#bad) return;
    this.#bad = bad;
    if (this.#state === 'ready') this.#hooks.changed();
  }

  #become(state: 'ready' | 'offline', reason: string): void {
    const changed = this.#state !== state || this.#reason !== reason;
    this.#state = state;
    this.#reason = reason;
    if (state === 'offline') this.#signal = [];
    for (const tried of this.#tried.splice(0)) tried();
    if (changed) this.#hooks.changed();
  }
}

/** Whether a reader says that it has a function; unknown counts as yes. */
export const hasFunction = (link: Link, name: keyof typeof FUNCTION): boolean =>
  link.capabilities?.some((c) => c.function === FUNCTION[name] && c.compliance > 0) ?? true;
