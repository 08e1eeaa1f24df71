import { withParity } from '../kit/card-bits.js';

/** What drives the two lines from outside: a simulated chip, or a test's fake. */
export interface TwoLines {
  pulse(line: 'd0' | 'd1'): Promise<void>;
}

export class WiegandTwin {
  readonly #lines: TwoLines;
  constructor(lines: TwoLines) {
    this.#lines = lines;
  }
  /** `bits`: data bits without parity, 24, 32 or 35 of them. */
  async present(bits: string): Promise<void> {
    await this.send(withParity(bits));
  }
  /** Any bits: wrong parity, one lost. */
  async send(bits: string): Promise<void> {
    for (const bit of bits) await this.#lines.pulse(bit === '1' ? 'd1' : 'd0');
  }
}
