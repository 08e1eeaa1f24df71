/** LCUS: `A0 channel state sum`, sum = low byte of the three before. `A0 01 01 A2` switches relay 1 on. */
export function encodeRelay(channel: number, on: boolean): Uint8Array {
  const state = on ? 1 : 0;
  return Uint8Array.of(0xa0, channel, state, (0xa0 + channel + state) & 0xff);
}

/** KMTronic: `FF n on`. */
const kmtronic = (channel: number, on: boolean): Uint8Array => Uint8Array.of(0xff, channel, on ? 1 : 0);

/** Devantech USB-RLY: one byte, 64 hex + n on, 6E hex + n off. */
const devantech = (channel: number, on: boolean): Uint8Array => Uint8Array.of((on ? 0x64 : 0x6e) + channel);

export function codecOf(variant: 'lcus' | 'kmtronic' | 'devantech'): {
  encode(relay: number, on: boolean): Uint8Array;
} {
  return { encode: { lcus: encodeRelay, kmtronic, devantech }[variant] };
}

export interface RelayCommand {
  channel: number;
  on: boolean;
}

/** Finds commands in a byte stream, as the board does: what is no command is skipped byte by byte. */
export class RelayDecoder {
  #rest: number[] = [];

  push(chunk: Uint8Array): RelayCommand[] {
    const commands: RelayCommand[] = [];
    for (const byte of chunk) {
      this.#rest.push(byte);
      while (this.#rest.length > 0 && this.#rest[0] !== 0xa0) this.#rest.shift();
      if (this.#rest.length < 4) continue;
      const [head, channel, state, sum] = this.#rest as [number, number, number, number];
      if (state <= 1 && sum === ((head + channel + state) & 0xff)) {
        commands.push({ channel, on: state === 1 });
        this.#rest = [];
      } else {
        this.#rest.shift();
        while (this.#rest.length > 0 && this.#rest[0] !== 0xa0) this.#rest.shift();
      }
    }
    return commands;
  }
}
