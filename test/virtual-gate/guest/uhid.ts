/** HID devices made through /dev/uhid: to the kernel, and to everybody above it, they are plugged in. */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import type { HidTwin } from '../../support/fake-hid.js';

/** linux/uhid.h: event numbers, and the size of the largest event. */
const EVENT = {
  create2: 11,
  input2: 12,
  getReport: 9,
  getReportReply: 10,
  setReport: 13,
  setReportReply: 14,
  output: 6,
} as const;
const EVENT_SIZE = 4380;
const USB = 3;
/** Feature requests must be answered, or the caller waits for seconds. */
const POLL_MS = 2;

export interface UhidIdentity {
  name: string;
  serial?: string;
  vendorId: number;
  productId: number;
  descriptor: Uint8Array;
}

export class UhidDevice {
  readonly #identity: UhidIdentity;
  readonly #twin: HidTwin | undefined;
  #fd: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(identity: UhidIdentity, twin?: HidTwin) {
    this.#identity = identity;
    this.#twin = twin;
  }

  plug(): void {
    if (this.#fd !== undefined) return;
    const { name, serial = '', vendorId, productId, descriptor } = this.#identity;
    const fd = openSync('/dev/uhid', constants.O_RDWR | constants.O_NONBLOCK);
    const event = Buffer.alloc(EVENT_SIZE);
    event.writeUInt32LE(EVENT.create2, 0);
    event.write(name, 4, 'latin1');
    event.write(serial, 196, 'latin1');
    event.writeUInt16LE(descriptor.length, 260);
    event.writeUInt16LE(USB, 262);
    event.writeUInt32LE(vendorId, 264);
    event.writeUInt32LE(productId, 268);
    event.set(descriptor, 280);
    writeSync(fd, event);
    this.#fd = fd;
    this.#timer = setInterval(() => this.#poll(fd), POLL_MS);
  }

  /** Closing the descriptor pulls the plug. */
  unplug(): void {
    clearInterval(this.#timer);
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  input(report: Uint8Array): void {
    if (this.#fd === undefined) return;
    const event = Buffer.alloc(EVENT_SIZE);
    event.writeUInt32LE(EVENT.input2, 0);
    event.writeUInt16LE(report.length, 4);
    event.set(report, 6);
    writeSync(this.#fd, event);
  }

  #poll(fd: number): void {
    const event = Buffer.alloc(EVENT_SIZE);
    for (;;) {
      try {
        readSync(fd, event, 0, event.length, null);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return;
        throw error;
      }
      this.#answer(fd, event);
    }
  }

  #answer(fd: number, event: Buffer): void {
    const type = event.readUInt32LE(0);
    const reply = Buffer.alloc(EVENT_SIZE);
    event.copy(reply, 4, 4, 8);
    if (type === EVENT.setReport) {
      this.#twin?.setFeature(Uint8Array.from(event.subarray(12, 12 + event.readUInt16LE(10))));
      reply.writeUInt32LE(EVENT.setReportReply, 0);
      writeSync(fd, reply);
    } else if (type === EVENT.getReport) {
      const data = this.#twin?.getFeature(event.readUInt8(8)) ?? new Uint8Array();
      reply.writeUInt32LE(EVENT.getReportReply, 0);
      reply.writeUInt16LE(data.length, 10);
      reply.set(data, 12);
      writeSync(fd, reply);
    }
  }
}

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

/** One eight-byte feature report, as the relay boards declare it. */
export const RELAY_DESCRIPTOR = bytes('06 00 FF 09 01 A1 01 15 00 26 FF 00 75 08 95 08 09 00 B2 02 01 C0');
/** HID POS scanner: usage page 8C, usage 02, input report 2 of 63 bytes. */
export const POS_DESCRIPTOR = bytes('05 8C 09 02 A1 01 85 02 15 00 26 FF 00 75 08 95 3F 09 FE 81 02 C0');
/** Boot keyboard. */
export const KEYBOARD_DESCRIPTOR = bytes(
  '05 01 09 06 A1 01 05 07 19 E0 29 E7 15 00 25 01 75 01 95 08 81 02 95 01 75 08 81 01 95 05 75 01 05 08 19 01 29 05 ' +
    '91 02 95 01 75 03 91 01 95 06 75 08 15 00 25 65 05 07 19 00 29 65 81 00 C0',
);
