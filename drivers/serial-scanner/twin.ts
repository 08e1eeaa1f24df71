/** The scanner's side of the wire. */
export interface WireEnd {
  write(bytes: Uint8Array | string): void;
}

export class ScannerTwin {
  readonly #wire: WireEnd;
  readonly #terminator: string;

  constructor(wire: WireEnd, terminator = '\r') {
    this.#wire = wire;
    this.#terminator = terminator;
  }

  /** A code is held in front of the scanner. */
  scan(code: string): void {
    this.#wire.write(code + this.#terminator);
  }

  /** Only the first part gets through: the cable came off in mid-code. */
  begin(part: string): void {
    this.#wire.write(part);
  }

  noise(bytes: Uint8Array): void {
    this.#wire.write(bytes);
  }
}
