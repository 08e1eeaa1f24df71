import { crcRight, withCrc } from '../framing/modbus-frames.js';

export interface WireEnd {
  write(bytes: Uint8Array): void;
  onData(listener: (chunk: Uint8Array) => void): () => void;
}

export interface ModbusFaults {
  /** The next answers do not come. */
  silence: number;
  /** The next answers to writes do not come; polls are answered. */
  mutedWrites: number;
  /** The next answer comes this many milliseconds late, and those behind it wait for it: a unit answers in order. */
  lateBy: number;
  /** The next answers are damaged in one byte. */
  damage: number;
  /** The next answer to a write is this exception code. */
  exception: number;
  /** Bytes in front of the next answer. */
  noise: number;
  /** Writes are answered and ignored: the relay sticks. */
  stuck: boolean;
}

/** The board's side of the wire: coils, inputs, board-timed pulses, and everything that goes wrong on a bus. */
export class ModbusTwin {
  readonly coils = new Set<number>();
  readonly inputs = new Set<number>();
  readonly writes: { coil: number; on: boolean }[] = [];
  readonly faults: ModbusFaults = {
    silence: 0,
    mutedWrites: 0,
    lateBy: 0,
    damage: 0,
    exception: 0,
    noise: 0,
    stuck: false,
  };
  readonly #wire: WireEnd;
  readonly #unit: number;
  readonly #waiters = new Set<() => void>();
  #rest: number[] = [];
  /** Answers behind a late one. */
  #held: Uint8Array[] | undefined;
  #pulses = 0;
  requests = 0;
  /** What hangs on its relays. */
  onCoil: (coil: number, on: boolean) => void = () => {};
  /** Late answers that have been sent. */
  late = 0;

  constructor(wire: WireEnd, unit = 1) {
    this.#wire = wire;
    this.#unit = unit;
    wire.onData((chunk) => {
      this.#rest.push(...chunk);
      this.#parse();
    });
  }

  /** How often coil 0 went on. */
  get pulses(): number {
    return this.#pulses;
  }

  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
      look();
    });
  }

  #parse(): void {
    // Requests are 8 bytes but for function 15, which this project does not send.
    while (this.#rest.length >= 8) {
      const frame = Uint8Array.from(this.#rest.slice(0, 8));
      if (!crcRight(frame)) {
        this.#rest.shift();
        continue;
      }
      this.#rest.splice(0, 8);
      if (frame[0] === this.#unit) this.#answer(frame);
    }
  }

  #answer(request: Uint8Array): void {
    this.requests++;
    const fn = request[1] as number;
    const address = ((request[2] as number) << 8) | (request[3] as number);
    const value = ((request[4] as number) << 8) | (request[5] as number);
    let body: Uint8Array;
    if (this.faults.exception > 0 && fn === 5) {
      body = Uint8Array.of(this.#unit, fn | 0x80, this.faults.exception);
      this.faults.exception = 0;
    } else if (fn === 5) {
      if (!this.faults.stuck) this.#write(address, value);
      body = request.subarray(0, 6);
    } else if (fn === 3 || fn === 4) {
      // No registers here: illegal function.
      body = Uint8Array.of(this.#unit, fn | 0x80, 1);
    } else {
      const set = fn === 1 ? this.coils : this.inputs;
      const bytes = new Uint8Array(Math.ceil(value / 8));
      for (let i = 0; i < value; i++)
        if (set.has(address + i)) bytes[i >> 3] = (bytes[i >> 3] as number) | (1 << (i & 7));
      body = Uint8Array.of(this.#unit, fn, bytes.length, ...bytes);
    }
    this.#send(withCrc(body));
    for (const waiter of [...this.#waiters]) waiter();
  }

  #write(address: number, value: number): void {
    const timed = address >= 0x0200;
    const coil = timed ? address - 0x0200 : address;
    const on = timed || value === 0xff00;
    if (on && coil === 0 && !this.coils.has(0)) this.#pulses++;
    const was = this.coils.has(coil);
    if (on) this.coils.add(coil);
    else this.coils.delete(coil);
    this.writes.push({ coil, on });
    if (was !== on) this.onCoil(coil, on);
    if (timed) {
      setTimeout(() => {
        if (this.coils.delete(coil)) this.onCoil(coil, false);
        for (const waiter of [...this.#waiters]) waiter();
      }, value * 100).unref();
    }
  }

  #send(answer: Uint8Array): void {
    const { faults } = this;
    if (faults.silence > 0) {
      faults.silence--;
      return;
    }
    if (faults.mutedWrites > 0 && answer[1] === 5) {
      faults.mutedWrites--;
      return;
    }
    const bytes = Uint8Array.from(answer);
    if (faults.damage > 0) {
      faults.damage--;
      bytes[2] = (bytes[2] as number) ^ 0x10;
    }
    const out = Uint8Array.of(...new Uint8Array(faults.noise).fill(0x55), ...bytes);
    faults.noise = 0;
    if (this.#held) {
      this.#held.push(out);
    } else if (faults.lateBy > 0) {
      this.#held = [out];
      setTimeout(() => {
        for (const late of this.#held ?? []) this.#wire.write(late);
        this.#held = undefined;
        this.late++;
        for (const waiter of [...this.#waiters]) waiter();
      }, faults.lateBy);
      faults.lateBy = 0;
    } else this.#wire.write(out);
  }
}
