import type {
  DeviceStatus,
  DriverContext,
  Feedback,
  Pattern,
  Reader,
  ReaderEvents,
  SelfTestStep,
} from '../contract.js';
import { cleanText } from '../kit/clean-text.js';
import { ReaderCore } from '../kit/reader-core.js';
import { CodeAssembly } from './assembly.js';
import type { Packet } from './codec.js';
import { OP, symbologyName } from './codec.js';
import type { Answer } from './link.js';
import { SsiLink } from './link.js';
import type { SsiOptions } from './options.js';

const TRIGGER_MODES = { level: 0x00, presentation: 0x07, host: 0x08 } as const;
/** First byte of PARAM_SEND: no beep. */
const NO_BEEP = 0xff;
const AIM_LENGTH = 3;
/** UTF-8 takes up to four bytes a character; then the type byte, an AIM identifier and a suffix. */
const codeBytes = (characters: number): number => characters * 4 + 16;

const hex = (bytes: readonly number[]): string => Buffer.from(bytes).toString('hex').toUpperCase();

export function create(options: SsiOptions, context: DriverContext): Reader {
  return new SsiReader(options, context);
}

/** Parameters with their values that the scanner is told at every start: volatile, so nothing wears out and nothing stays behind. */
function settingsOf(options: SsiOptions): number[][] {
  const trigger = options.triggerMode === 'none' ? [] : [[0x8a, TRIGGER_MODES[options.triggerMode]]];
  return [
    [0xee, 0x01], // codes come as packets; a raw code could not be told from noise
    ...trigger,
    ...(options.disableBarcodeProgramming ? [[0xec, 0x00]] : []),
    ...options.enforce.map((text) => text.split(' ').map((byte) => Number.parseInt(byte, 16))),
  ];
}

class SsiReader implements Reader {
  readonly feedback: Feedback;
  readonly #options: SsiOptions;
  readonly #context: DriverContext;
  readonly #core: ReaderCore;
  readonly #link: SsiLink;
  readonly #assembly: CodeAssembly;
  #settingsRound = 0;
  #settingsFault: string | undefined;

  constructor(options: SsiOptions, context: DriverContext) {
    this.#options = options;
    this.#context = context;
    this.#core = new ReaderCore(context);
    this.#link = new SsiLink(options, context);
    this.#assembly = new CodeAssembly(codeBytes(options.maxLength));
    this.feedback = {
      capabilities: { lamp: options.ledMask !== 0, sound: true, text: false },
      show: ({ pattern }) => this.#show(pattern),
    };
    this.#link.on('packet', ({ packet, at }) => this.#onPacket(packet, at));
    this.#link.on('noise', ({ bytes, why }) => this.#core.noise(bytes, why));
    this.#link.on('present', () => {
      this.#emitStatus();
      void this.#sendSettings();
    });
    this.#link.on('absent', () => this.#emitStatus());
    this.#link.on('down', () => {
      this.#settingsFault = undefined;
      this.#settingsRound++;
      const bytes = this.#assembly.reset();
      if (bytes > 0) this.#core.noise(bytes, 'unplugged in mid-code');
      this.#emitStatus();
    });
  }

  on<K extends keyof ReaderEvents>(event: K, listener: ReaderEvents[K]): () => void {
    return this.#core.events.on(event, listener);
  }

  #onPacket(packet: Packet, at: number): void {
    if (packet.opcode !== OP.DECODE_DATA) return this.#core.count('otherPackets');
    for (const result of this.#assembly.push(packet, at)) {
      if (result.kind === 'noise') this.#core.noise(result.bytes, result.why);
      else if (result.kind === 'repeat') this.#core.count('repeats');
      else if (result.kind === 'code') this.#onCode(result.type, result.body, at);
    }
  }

  #onCode(type: number, body: Uint8Array, at: number): void {
    let bytes = body;
    let aim: string | undefined;
    if (this.#options.aimId === 'strip') {
      aim = Buffer.from(body.subarray(0, AIM_LENGTH)).toString('latin1');
      // ISO/IEC 15424: ], a letter, a modifier.
      if (!/^\][A-Za-z][0-9A-Za-z]$/.test(aim)) return this.#core.noise(body.length, 'the AIM identifier is missing');
      bytes = body.subarray(AIM_LENGTH);
    }
    const cleaned = cleanText(bytes, this.#options);
    if ('why' in cleaned) return this.#core.noise(body.length, cleaned.why);
    this.#context.log.debug({ symbology: symbologyName(type) }, 'code read');
    this.#core.read(cleaned.text, 'barcode', at, aim);
  }

  async #sendSettings(): Promise<void> {
    const round = ++this.#settingsRound;
    const faults: string[] = [];
    for (const setting of settingsOf(this.#options)) {
      const answer = await this.#link.command(OP.PARAM_SEND, [NO_BEEP, ...setting]);
      if (round !== this.#settingsRound || answer.kind === 'gone') return;
      if (answer.kind !== 'done') faults.push(hex(setting));
    }
    const before = this.#settingsFault;
    this.#settingsFault =
      faults.length === 0 ? undefined : `the scanner did not take the parameters ${faults.join(', ')}`;
    if (this.#settingsFault !== undefined) this.#context.log.warn({ faults }, 'parameters not taken');
    if (before !== this.#settingsFault) this.#emitStatus();
  }

  #show(pattern: Pattern): void {
    // A scanner that is away shows nothing later: the visitor has gone.
    if (this.#link.state !== 'ready') return;
    const { beeps, ledMask } = this.#options;
    const admitted = pattern === 'admit' || pattern === 'attend';
    const beep = { admit: beeps.good, attend: beeps.attend, refuse: beeps.bad }[pattern as string];
    if (beep !== undefined) void this.#link.command(OP.BEEP, [beep], 'beep');
    if (ledMask !== 0)
      void this.#link.command(admitted || pattern === 'free' ? OP.LED_ON : OP.LED_OFF, [ledMask], 'led');
  }

  #emitStatus(): void {
    this.#core.events.emit('status', this.status());
  }

  open(): Promise<void> {
    return this.#link.open();
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  async selfTest(report: (step: SelfTestStep) => void): Promise<void> {
    const { port } = this.#link;
    report({ name: 'port', ok: port.state === 'ready', detail: port.state === 'ready' ? 'open' : port.reason });
    if (port.state !== 'ready') return;
    const revision = await this.#link.command(OP.REQUEST_REVISION);
    const text =
      revision.kind === 'done'
        ? Buffer.from(revision.packet.data)
            .toString('latin1')
            .replaceAll(/[^ -~]/g, '')
        : '';
    report({ name: 'revision', ok: revision.kind === 'done', detail: text || wordsOf(revision) });
    report({
      name: 'parameters',
      ok: this.#settingsFault === undefined,
      detail: this.#settingsFault ?? `${settingsOf(this.#options).length} sent`,
    });
    const aim = await this.#link.command(OP.AIM_ON);
    report({
      name: 'aim',
      ok: aim.kind === 'done' ? null : false,
      detail: did(aim, 'does the aiming light shine for 2 s?'),
    });
    if (aim.kind === 'done') {
      await this.#context.clock.sleep(2_000).catch(() => {});
      await this.#link.command(OP.AIM_OFF);
    }
    const beep = await this.#link.command(OP.BEEP, [this.#options.beeps.good]);
    report({ name: 'beeper', ok: beep.kind === 'done' ? null : false, detail: did(beep, 'did it beep?') });
    report({ name: 'code', ok: null, detail: 'present the test code; `portillon reader listen` shows it' });
  }

  status(): DeviceStatus {
    const { state, reason, port, counters } = this.#link;
    const status = this.#core.status(state, reason, { ...counters, reconnects: port.reconnects });
    if (status.state !== 'ready' || this.#settingsFault === undefined) return status;
    return { ...status, state: 'degraded', reason: this.#settingsFault };
  }
}

function wordsOf(answer: Answer): string {
  switch (answer.kind) {
    case 'done':
      return 'answered';
    case 'refused':
      return `refused with cause ${answer.cause}`;
    case 'silent':
      return 'no answer: set the scanner to SSI mode and check `baudRate`';
    case 'gone':
      return 'the port went away';
  }
}

const did = (answer: Answer, question: string): string => (answer.kind === 'done' ? question : wordsOf(answer));
