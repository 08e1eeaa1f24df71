import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Gpio } from 'onoff';
import type { LineAddress, LineBackend, LineEdge, LineRequest, OpenLines } from './line-types.js';
import { formatLine } from './line-types.js';
import { resolveLine } from './lines-chardev.js';

const ROOT = '/sys/class/gpio';

/** Chips as sysfs numbers them; the base moves between kernels (1016, 571, 512, ...), so it is looked up at every opening. */
export function sysfsChips(): { label: string; base: number; lines: number }[] {
  if (!existsSync(ROOT)) return [];
  const value = (chip: string, file: string): string => readFileSync(`${ROOT}/${chip}/${file}`, 'utf8').trim();
  return readdirSync(ROOT)
    .filter((name) => /^gpiochip\d+$/.test(name))
    .map((chip) => ({
      label: value(chip, 'label'),
      base: Number(value(chip, 'base')),
      lines: Number(value(chip, 'ngpio')),
    }));
}

/** Global sysfs number of a line. Throws with what there is instead. */
export function globalNumber(address: LineAddress): number {
  const chips = sysfsChips();
  // Sysfs knows no line names; where the character device is there too, it does.
  const { label, offset } =
    'name' in address
      ? ((): { label: string; offset: number } => {
          const { chip, offset: at } = resolveLine(address);
          return { label: chip.label, offset: at };
        })()
      : { label: address.chip, offset: address.offset };
  const chip = chips.find((c) => c.label === label);
  if (!chip)
    throw new Error(`no GPIO chip ${label} in ${ROOT}; there are: ${chips.map((c) => c.label).join(', ') || 'none'}`);
  if (offset >= chip.lines) throw new Error(`${label} has lines 0 to ${chip.lines - 1}, not ${offset}`);
  return chip.base + offset;
}

/**
 * Lines through sysfs and onoff, for kernels without the character device. A line keeps its level when the process dies: the safe
 * level is set first thing at start, and by the unit that restarts the process.
 */
export class SysfsLines implements LineBackend {
  readonly kind = 'sysfs';
  readonly why: string;
  constructor(
    why = 'there is no GPIO character device: sysfs, without time stamps; outputs keep their level if the process is killed',
  ) {
    this.why = why;
  }

  open(requests: readonly LineRequest[], onEdge: (edge: LineEdge) => void, onLost: (why: string) => void): OpenLines {
    const Line = (createRequire(import.meta.url)('onoff') as { Gpio: typeof Gpio }).Gpio;
    const lines = new Map<string, Gpio>();
    const close = (): void => {
      for (const line of lines.values()) {
        line.unwatchAll();
        line.unexport();
      }
      lines.clear();
    };
    const lineOf = (key: string): Gpio => {
      const line = lines.get(key);
      if (!line) throw new Error(`GPIO line of ${key} is not open`);
      return line;
    };
    try {
      for (const request of requests) {
        const { key, address, activeLow } = request;
        if (request.bias !== undefined && request.bias !== 'none')
          throw new Error(
            `${key}: sysfs cannot set \`bias\`; use a resistor, or a kernel with the GPIO character device`,
          );
        const number = globalNumber(address);
        // The kernel takes `high` and `low` as raw levels: an active-low board must open high to stay off.
        const line =
          request.direction === 'out'
            ? new Line(number, activeLow ? 'high' : 'low', 'none', { activeLow })
            : new Line(number, 'in', 'both', { activeLow, debounceTimeout: request.debounce ?? 0 });
        lines.set(key, line);
        // onoff swallows errors while it configures a line that was exported before: read back.
        if (
          line.direction() !== request.direction ||
          line.activeLow() !== activeLow ||
          (request.direction === 'out' && line.readSync() !== 0)
        ) {
          throw new Error(`GPIO line ${formatLine(address)} (${number}) did not take its settings`);
        }
        if (request.direction === 'in') {
          line.watch((error, value) => {
            if (error) onLost(`GPIO line of ${key}: ${error.message}`);
            else onEdge({ key, active: value === 1, ns: process.hrtime.bigint() });
          });
        }
      }
    } catch (error) {
      close();
      throw error;
    }
    return {
      set: (key, on) => lineOf(key).writeSync(on ? 1 : 0),
      get: (key) => lineOf(key).readSync() === 1,
      close,
    };
  }
}
