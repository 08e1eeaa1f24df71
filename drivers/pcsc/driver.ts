import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { DeviceStatus, DriverContext, Reader, ReaderEvents, SelfTestStep } from '../contract.js';
import { formatCardId, isRandomUid } from '../framing/card-id.js';
import { ReaderCore } from '../kit/reader-core.js';
import { KeepOpen } from '../transport/keep-open.js';
import type { FromHelper } from './codec.js';
import type { PcscOptions } from './options.js';

/** Run from source (tests) the helper is TypeScript too; it is always the compiled one that is started. */
const HELPER = fileURLToPath(new URL('./helper.js', import.meta.url)).replace(
  /(?<!\/dist)\/drivers\/pcsc\//,
  '/dist/drivers/pcsc/',
);
const SILENT_PINGS = 3;

/** `helper`: the process to start, for tests. */
export function create(options: PcscOptions, context: DriverContext, helper = HELPER): Reader {
  return new PcscReader(options, context, helper);
}

class PcscReader implements Reader {
  readonly #options: PcscOptions;
  readonly #context: DriverContext;
  readonly #helper: string;
  readonly #core: ReaderCore;
  readonly #keep: KeepOpen;
  #child: ChildProcess | undefined;
  #names: string[] = [];
  #using: string | null = null;

  constructor(options: PcscOptions, context: DriverContext, helper: string) {
    this.#options = options;
    this.#context = context;
    this.#helper = helper;
    this.#core = new ReaderCore(context);
    const status = (): void => this.#core.events.emit('status', this.status());
    this.#keep = new KeepOpen(
      {
        openOnce: () => this.#start(),
        release: async () => this.#kill(),
        remedy: (error) => (error as Error).message,
        up: status,
        down: status,
      },
      context,
    );
  }

  on<K extends keyof ReaderEvents>(event: K, listener: ReaderEvents[K]): () => void {
    return this.#core.events.on(event, listener);
  }

  /** Starts the helper; open when it has found its reader. */
  #start(): Promise<{ gone: Promise<string> }> {
    const { reader, ping, buzzer } = this.#options;
    const child = fork(this.#helper, [reader, String(ping), String(buzzer)], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.#child = child;
    let lost: (why: string) => void = () => {};
    const gone = new Promise<string>((resolve) => {
      lost = resolve;
    });
    return new Promise((resolve, reject) => {
      let why = 'the PC/SC helper ended';
      let timer: NodeJS.Timeout | undefined;
      const fail = (reason: string): void => {
        clearTimeout(timer);
        child.kill('SIGKILL');
        reject(new Error(reason));
        lost(reason);
      };
      const heard = (): void => {
        clearTimeout(timer);
        timer = setTimeout(
          () => fail('the PC/SC helper does not answer; it was restarted'),
          this.#options.ping * SILENT_PINGS + 2_000,
        );
        timer.unref();
      };
      heard();
      child.on('exit', () => fail(why));
      child.on('error', (error) => fail(error.message));
      child.on('message', (message: FromHelper) => {
        heard();
        switch (message.type) {
          case 'alive':
            return;
          case 'trouble':
            why = remedyFor(message.why);
            return fail(why);
          case 'readers':
            this.#names = message.names;
            this.#using = message.using;
            if (message.using !== null) return resolve({ gone });
            return fail(
              message.names.length === 0
                ? 'no PC/SC reader is plugged in'
                : `no reader is called ${reader}; there are: ${message.names.join(', ')}`,
            );
          case 'unreadable':
            return this.#core.noise(0, message.why);
          case 'card':
            return this.#onCard(Buffer.from(message.uid, 'hex'));
        }
      });
    });
  }

  #onCard(uid: Uint8Array): void {
    if (isRandomUid(uid))
      return this.#core.noise(uid.length, 'a random UID (phone, or card in privacy mode) identifies nobody');
    const at = this.#context.clock.monotonic();
    this.#core.read(formatCardId(uid, this.#options.cardId), 'rfid', at, undefined, uid);
  }

  #kill(): void {
    this.#child?.removeAllListeners();
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
    this.#using = null;
  }

  open(): Promise<void> {
    return this.#keep.open();
  }
  close(): Promise<void> {
    return this.#keep.close();
  }
  status(): DeviceStatus {
    return this.#core.status(this.#keep.state, this.#keep.reason, { reconnects: this.#keep.reconnects });
  }

  async selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    const { state, reason } = this.status();
    report({ name: 'readers', ok: this.#names.length > 0, detail: this.#names.join(', ') || (reason ?? 'none') });
    report({ name: 'reader', ok: state === 'ready', detail: this.#using ?? reason ?? '' });
    report({
      name: 'card',
      ok: null,
      detail: 'present a card; `portillon reader listen` shows all readings of its UID',
    });
  }
}

function remedyFor(why: string): string {
  if (/libpcsclite/.test(why)) return 'libpcsclite.so.1 is not installed: apt-get install pcscd libpcsclite1 libccid';
  if (/not running/.test(why)) return 'pcscd is not running: systemctl enable --now pcscd.socket';
  return why;
}
