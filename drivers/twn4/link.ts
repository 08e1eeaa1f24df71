import type { DriverContext } from '../contract.js';
import { DelimitedFramer } from '../framing/delimited.js';
import { SerialBytes } from '../transport/serial.js';
import type { Reply } from './codec.js';
import { CR, MAX_REPLY, parseReply, parseVersion, request } from './codec.js';
import type { Twn4Options } from './options.js';

/** No byte for this long: nothing late is under way any more, milliseconds; never longer than a reply may take. */
const QUIET = 150;
/** A line that is never quiet is asked all the same after so many waits. */
const MAX_WAITS = 20;

export type CallResult = { kind: 'reply'; reply: Reply } | { kind: 'silent' | 'gone' };

/**
 * One request at a time, each with its own reply. After a reply that did not come, the link is out of step: until `resync` has
 * succeeded no reply is believed, for it may be the late one to the request before.
 */
export class Twn4Link {
  readonly port: SerialBytes;
  readonly counters: Record<string, number> = { errors: 0, timeouts: 0, stale: 0 };
  readonly #options: Twn4Options;
  readonly #context: DriverContext;
  readonly #noise: (bytes: number, why: string) => void;
  readonly #framer = new DelimitedFramer({ terminators: [CR, 0x0a], maxFrameBytes: MAX_REPLY });
  #waiting: ((result: CallResult) => void) | undefined;
  #lastByte = Number.NEGATIVE_INFINITY;
  #inStep = false;

  constructor(options: Twn4Options, context: DriverContext, noise: (bytes: number, why: string) => void) {
    this.#options = options;
    this.#context = context;
    this.#noise = noise;
    this.port = new SerialBytes(
      { path: options.path, baudRate: options.baudRate, dataBits: 8, parity: 'none', stopBits: 1 },
      context,
    );
    this.port.on('data', (chunk) => this.#onData(chunk));
    this.port.on('up', () => this.#reset());
    this.port.on('down', () => this.#reset());
  }

  /** false: a reply is missing, `resync` is due. */
  get inStep(): boolean {
    return this.#inStep;
  }

  #reset(): void {
    const bytes = this.#framer.reset();
    if (bytes > 0) this.#noise(bytes, 'the end of a reply did not come: check `baudRate`');
    this.#inStep = false;
    this.#waiting?.({ kind: 'gone' });
  }

  #onData(chunk: Uint8Array): void {
    this.#lastByte = this.#context.clock.monotonic();
    for (const output of this.#framer.push(chunk)) {
      if (output.kind === 'noise') {
        this.#noise(output.bytes, 'no reply of the Simple Protocol');
        continue;
      }
      const reply = parseReply(output.bytes);
      if (!reply) this.#noise(output.bytes.length, 'no reply of the Simple Protocol: is its firmware in the reader?');
      else if (this.#waiting) this.#waiting({ kind: 'reply', reply });
      else this.#count('stale');
    }
  }

  /** Sends one request and waits for its reply. Only one at a time; the driver's loop sees to that. Never rejects. */
  async call(text: string): Promise<CallResult> {
    if (!this.#inStep) return { kind: 'silent' };
    const result = await this.#exchange(text, () => true);
    if (result.kind === 'reply') {
      if (result.reply.error !== 0) this.#count('errors');
    } else if (result.kind === 'silent') {
      this.#count('timeouts');
      this.#inStep = false;
    }
    return result;
  }

  /**
   * Gets into step: waits until nothing more comes, forgets what came, asks for the version until its reply and nothing else
   * comes. The version text, or undefined when there was none.
   */
  async resync(): Promise<string | undefined> {
    const bytes = this.#framer.reset();
    if (bytes > 0) this.#noise(bytes, 'the end of a reply did not come');
    await this.#quiet();
    this.#framer.reset();
    let version: string | undefined;
    const answer = await this.#exchange(request.version(), (reply) => {
      version = reply.error === 0 ? parseVersion(reply.results) : undefined;
      if (version === undefined) this.#count('stale');
      return version !== undefined;
    });
    if (answer.kind !== 'reply') return undefined;
    // A version may be the late answer to a version call that was given up: then its own is still to come.
    await this.#quiet();
    this.#framer.reset();
    if (this.port.state !== 'ready') return undefined;
    this.#inStep = true;
    return version;
  }

  async #quiet(): Promise<void> {
    const wait = Math.min(QUIET, this.#options.replyTimeout);
    for (let i = 0; i < MAX_WAITS && this.port.state === 'ready'; i++) {
      const since = this.#context.clock.monotonic() - this.#lastByte;
      if (since >= wait) return;
      await this.#context.clock.sleep(wait - since);
    }
  }

  #exchange(text: string, accept: (reply: Reply) => boolean): Promise<CallResult> {
    return new Promise((resolve) => {
      const end = (result: CallResult): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        resolve(result);
      };
      const timer = setTimeout(() => end({ kind: 'silent' }), this.#options.replyTimeout);
      this.#waiting = (result) => {
        if (result.kind !== 'reply' || accept(result.reply)) end(result);
      };
      try {
        this.port.write(Buffer.from(`${text}\r`, 'latin1'));
      } catch {
        end({ kind: 'gone' });
      }
    });
  }

  #count(name: string): void {
    this.counters[name] = (this.counters[name] ?? 0) + 1;
  }
}
