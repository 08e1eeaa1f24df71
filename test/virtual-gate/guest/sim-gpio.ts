/** A GPIO chip of the kernel's gpio-sim: the gate drives and reads its lines, this side moves the contacts and watches the relays. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

/** Milliseconds between two looks at the outputs. */
const LOOK_EVERY = 2;

export interface Change {
  line: number;
  level: 0 | 1;
  at: number;
}

export class SimChip {
  readonly changes: Change[] = [];
  readonly #lines: string;
  readonly #levels = new Map<number, 0 | 1>();

  constructor(label: string, names: readonly string[]) {
    const device = '/sys/kernel/config/gpio-sim/gate';
    const bank = `${device}/bank0`;
    mkdirSync(bank, { recursive: true });
    writeFileSync(`${bank}/num_lines`, String(names.length));
    writeFileSync(`${bank}/label`, label);
    for (const [i, name] of names.entries()) {
      if (name === '') continue;
      mkdirSync(`${bank}/line${i}`);
      writeFileSync(`${bank}/line${i}/name`, name);
    }
    writeFileSync(`${device}/live`, '1');
    const read = (file: string): string => readFileSync(file, 'utf8').trim();
    this.#lines = `/sys/devices/platform/${read(`${device}/dev_name`)}/${read(`${bank}/chip_name`)}`;
  }

  /** Moves a contact. */
  pull(line: number, high: boolean): void {
    writeFileSync(`${this.#lines}/sim_gpio${line}/pull`, high ? 'pull-up' : 'pull-down');
  }

  level(line: number): 0 | 1 {
    return readFileSync(`${this.#lines}/sim_gpio${line}/value`, 'utf8').startsWith('1') ? 1 : 0;
  }

  /** Keeps a record of every change of these lines that lasts for a look. */
  watch(lines: readonly number[]): void {
    for (const line of lines) this.#levels.set(line, this.level(line));
    setInterval(() => {
      for (const line of lines) {
        const level = this.level(line);
        if (level === this.#levels.get(line)) continue;
        this.#levels.set(line, level);
        this.changes.push({ line, level, at: performance.now() });
      }
    }, LOOK_EVERY);
  }
}
