import type { Device } from 'node-hid';
import type { HidBackend, HidHandle } from '../../drivers/transport/hid.js';

/** The device's side of a HID port. */
export interface HidTwin {
  setFeature(bytes: Uint8Array): void;
  getFeature(id: number): Uint8Array;
}

interface Opened {
  data: ((d: Buffer) => void)[];
  error: ((e: unknown) => void)[];
}

/** A HID device that can be pulled: stands for the kernel, which the virtual gate uses in earnest. */
export class FakeHid implements HidBackend {
  readonly #info: Device;
  readonly #twin: HidTwin | undefined;
  readonly written: Uint8Array[] = [];
  #plugged = true;
  #open: Opened | undefined;

  constructor(info: Partial<Device>, twin?: HidTwin) {
    this.#info = { vendorId: 0, productId: 0, release: 0, interface: 0, path: '/dev/hidraw-fake', ...info };
    this.#twin = twin;
  }

  async list(): Promise<Device[]> {
    return this.#plugged ? [this.#info] : [];
  }

  async open(): Promise<HidHandle> {
    if (!this.#plugged) throw new Error('No such device');
    const mine: Opened = { data: [], error: [] };
    this.#open = mine;
    const alive = <T>(action: () => T): Promise<T> =>
      this.#plugged && this.#open === mine ? Promise.resolve(action()) : Promise.reject(new Error('No such device'));
    return {
      on: (event: 'data' | 'error', listener: (value: never) => void) => mine[event].push(listener as never),
      write: (bytes) => alive(() => this.written.push(Uint8Array.from(bytes))),
      sendFeatureReport: (bytes) =>
        alive(() => {
          this.#twin?.setFeature(Uint8Array.from(bytes));
          return bytes.length;
        }),
      getFeatureReport: (id) => alive(() => Buffer.from(this.#twin?.getFeature(id) ?? [])),
      close: async () => {
        if (this.#open === mine) this.#open = undefined;
      },
    };
  }

  /** The device sends a report. */
  input(report: Uint8Array): void {
    for (const listener of this.#open?.data ?? []) listener(Buffer.from(report));
  }
  unplug(): void {
    this.#plugged = false;
    for (const listener of this.#open?.error ?? []) listener(undefined);
  }
  replug(): void {
    this.#plugged = true;
  }
}
