/** One GPIO line by chip and offset, or by the name the device tree gave it. Never by a bare global number. */
export type LineAddress = { chip: string; offset: number } | { name: string };

export interface LineRequest {
  /** What it is for, in this driver: `grantA`, `d0`. */
  key: string;
  address: LineAddress;
  direction: 'in' | 'out';
  /** Logical 1 is the low level. Outputs start logically off, without a pulse at opening. */
  activeLow: boolean;
  bias?: 'none' | 'pull-up' | 'pull-down' | undefined;
  /** Milliseconds of rest that an input's edge needs; 0 = every edge counts. */
  debounce?: number | undefined;
}

export interface LineEdge {
  key: string;
  active: boolean;
  /** Monotonic nanoseconds (CLOCK_MONOTONIC), by the kernel where it says so, else when this process heard of it. */
  ns: bigint;
}

export interface OpenLines {
  /** Throws when the line cannot be driven any more. */
  set(key: string, on: boolean): void;
  get(key: string): boolean;
  /** Tells of the edges that the kernel has queued; without it nobody knows of any. */
  drain?(): void;
  close(): void;
}

export interface LineBackend {
  readonly kind: 'chardev' | 'sysfs';
  /** Why this back end was taken, for the self-test. */
  readonly why: string;
  open(requests: readonly LineRequest[], onEdge: (edge: LineEdge) => void, onLost: (why: string) => void): OpenLines;
}

/** `pinctrl-rp1:17` or `RELAY_OPEN`; undefined = neither. */
export function parseLine(text: string): LineAddress | undefined {
  const pair = /^([^:\s]+):(\d{1,4})$/.exec(text);
  if (pair) return { chip: pair[1] as string, offset: Number(pair[2]) };
  // A bare number would be a global one, which moves between kernels.
  return /^[A-Za-z_][\w.+-]{0,31}$/.test(text) ? { name: text } : undefined;
}

export const formatLine = (a: LineAddress): string => ('name' in a ? a.name : `${a.chip}:${a.offset}`);
