import type { Device as HidInfo } from 'node-hid';
import type { DeviceState, DriverContext, Trace } from '../contract.js';
import { DriverFault } from '../contract.js';
import { Emitter } from './emitter.js';
import { KeepOpen } from './keep-open.js';

/** Which of the plugged-in devices is meant; everything given must fit. */
export interface HidMatch {
  vendorId?: number | undefined;
  productId?: number | undefined;
  serial?: string | undefined;
  /** Device node, for two alike devices without serial numbers. */
  path?: string | undefined;
  usagePage?: number | undefined;
  usage?: number | undefined;
}

export interface ReportPortEvents {
  report: (bytes: Uint8Array) => void;
  up: (nothing: undefined) => void;
  down: (reason: string) => void;
}

/** The part of an open device that this port uses; tests bring their own. */
export interface HidHandle {
  on(event: 'data', listener: (data: Buffer) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  write(bytes: number[]): Promise<number>;
  sendFeatureReport(bytes: number[]): Promise<number>;
  getFeatureReport(id: number, length: number): Promise<Buffer>;
  close(): Promise<void>;
}
export interface HidBackend {
  list(): Promise<HidInfo[]>;
  open(path: string): Promise<HidHandle>;
}

/** Loaded on first use: a gate without an HID device needs no native add-on. */
const nodeHid: HidBackend = {
  list: async () => (await import('node-hid')).default.devicesAsync(),
  open: async (path) => await (await import('node-hid')).default.HIDAsync.open(path),
};

/** A HID device that is opened again and again. A report for a device that is away is refused at once. */
export class HidReports {
  readonly #match: HidMatch;
  readonly #backend: HidBackend;
  readonly #events: Emitter<ReportPortEvents>;
  readonly #keep: KeepOpen;
  readonly #trace: Trace | undefined;
  #handle: HidHandle | undefined;
  #lost: (reason: string) => void = () => {};
  #info: HidInfo | undefined;

  constructor(match: HidMatch, context: DriverContext, backend: HidBackend = nodeHid) {
    this.#match = match;
    this.#backend = backend;
    this.#trace = context.trace;
    this.#events = new Emitter((error) => context.log.error({ error: String(error) }, 'a listener failed'));
    this.#keep = new KeepOpen(
      {
        openOnce: () => this.#openOnce(),
        release: () => this.#release(),
        remedy: (error) => remedyFor(error, this.#match),
        up: () => {
          context.log.info({ node: this.#info?.path, product: this.#info?.product }, 'HID device open');
          this.#events.emit('up', undefined);
        },
        down: (reason) => this.#events.emit('down', reason),
      },
      context,
    );
  }

  get state(): DeviceState {
    return this.#keep.state;
  }
  get reason(): string {
    return this.#keep.reason;
  }
  get reconnects(): number {
    return this.#keep.reconnects;
  }
  /** What is open now. */
  get info(): HidInfo | undefined {
    return this.#info;
  }

  on<K extends keyof ReportPortEvents>(event: K, listener: ReportPortEvents[K]): () => void {
    return this.#events.on(event, listener);
  }

  async #openOnce(): Promise<{ gone: Promise<string> }> {
    const found = (await this.#backend.list()).find((info) => matches(info, this.#match));
    if (!found?.path) throw new NotThere();
    const handle = await this.#backend.open(found.path);
    const gone = new Promise<string>((resolve) => {
      this.#lost = resolve;
    });
    // node-hid hands over no error object when the device was pulled.
    handle.on('error', () => this.#lost('unplugged; waiting for it to come back'));
    handle.on('data', (data) => {
      if (this.#handle !== handle) return;
      this.#trace?.('in', data);
      this.#events.emit('report', data);
    });
    this.#handle = handle;
    this.#info = found;
    return { gone };
  }

  async #release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    // A device that is gone cannot be closed in order; an open one must be, or the process cannot exit.
    await handle?.close().catch(() => {});
  }

  /** First byte: report ID, 0 when the device has none. */
  write(bytes: number[], expiresAt?: number): Promise<void> {
    this.#trace?.('out', Uint8Array.from(bytes));
    return this.#tell((handle) => handle.write(bytes), expiresAt);
  }
  sendFeature(bytes: number[], expiresAt?: number): Promise<void> {
    this.#trace?.('out', Uint8Array.from(bytes));
    return this.#tell((handle) => handle.sendFeatureReport(bytes), expiresAt);
  }
  async getFeature(id: number, length: number): Promise<Uint8Array> {
    let answer: Uint8Array = new Uint8Array();
    await this.#tell(async (handle) => {
      answer = await handle.getFeatureReport(id, length);
      return answer.length;
    });
    return answer;
  }

  async #tell(action: (handle: HidHandle) => Promise<number>, expiresAt = Number.POSITIVE_INFINITY): Promise<void> {
    const handle = this.#handle;
    if (!handle || this.state !== 'ready') throw new DriverFault('offline', this.reason || 'the device is not open');
    if (performance.now() > expiresAt) throw new DriverFault('expired', 'too late');
    try {
      await action(handle);
    } catch (cause) {
      const message = (cause as Error).message;
      if (/No such device|Bad file descriptor|has been closed/i.test(message))
        this.#lost('unplugged; waiting for it to come back');
      throw new DriverFault('write-failed', message, cause);
    }
  }

  open(): Promise<void> {
    return this.#keep.open();
  }
  close(): Promise<void> {
    return this.#keep.close();
  }
}

class NotThere extends Error {}

function matches(info: HidInfo, match: HidMatch): boolean {
  const same = <T>(wanted: T | undefined, is: T | undefined): boolean => wanted === undefined || wanted === is;
  return (
    same(match.path, info.path) &&
    same(match.vendorId, info.vendorId) &&
    same(match.productId, info.productId) &&
    same(match.serial, info.serialNumber) &&
    same(match.usagePage, info.usagePage) &&
    same(match.usage, info.usage)
  );
}

const hex = (n: number): string => n.toString(16).padStart(4, '0');

function nameOf(match: HidMatch): string {
  const ids =
    match.vendorId === undefined
      ? ''
      : `${hex(match.vendorId)}:${match.productId === undefined ? '*' : hex(match.productId)}`;
  const usage = match.usagePage === undefined ? '' : `usage page ${hex(match.usagePage)}`;
  return [match.path, ids, match.serial && `serial ${match.serial}`, usage].filter(Boolean).join(' ');
}

function remedyFor(error: unknown, match: HidMatch): string {
  if (error instanceof NotThere)
    return `no HID device ${nameOf(match)}; plug it in or correct the match (portillon ports)`;
  const message = error instanceof Error ? error.message : String(error);
  if (/permission|EACCES|cannot open device/i.test(message))
    return `${nameOf(match)}: ${message}; install deploy/udev/70-portillon.rules or join the group plugdev`;
  return `${nameOf(match)}: ${message}`;
}
