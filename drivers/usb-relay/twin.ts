/** The board's side: feature reports in, state report out. Relays may stick, writes may be lost. */
export class UsbRelayTwin {
  readonly serial: string;
  readonly changes: { relay: number; on: boolean; at: number }[] = [];
  /** So many of the next commands are answered and ignored. */
  ignore = 0;
  readonly #waiters = new Set<() => void>();
  #mask = 0;
  #pulses = 0;

  constructor(serial = 'ABCDE') {
    this.serial = serial;
  }

  /** How often relay 1 went on. */
  get pulses(): number {
    return this.#pulses;
  }
  isOn(relay: number): boolean {
    return ((this.#mask >> (relay - 1)) & 1) === 1;
  }

  setFeature(bytes: Uint8Array): void {
    if (this.ignore > 0) {
      this.ignore--;
      return;
    }
    const [, command, relay] = bytes as unknown as [number, number, number];
    const before = this.#mask;
    if (command === 0xff) this.#mask |= 1 << (relay - 1);
    else if (command === 0xfd) this.#mask &= ~(1 << (relay - 1));
    else if (command === 0xfe) this.#mask = 0xff;
    else if (command === 0xfc) this.#mask = 0;
    if ((this.#mask & 1) === 1 && (before & 1) === 0) this.#pulses++;
    for (let r = 1; r <= 8; r++) {
      const bit = 1 << (r - 1);
      if ((before & bit) !== (this.#mask & bit))
        this.changes.push({ relay: r, on: (this.#mask & bit) !== 0, at: performance.now() });
    }
    for (const waiter of [...this.#waiters]) waiter();
  }

  /** As Linux hands it over: eight bytes behind the report ID. */
  getFeature(id: number): Uint8Array {
    return Uint8Array.of(id, ...Buffer.from(this.serial, 'latin1'), 0, 0, this.#mask & 0xff);
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
}
