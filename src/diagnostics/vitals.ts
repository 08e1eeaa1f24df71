/** The machine under the gate. Null = this machine does not say. */
export interface Vitals {
  /** Volume of the data folder, bytes. */
  disk: { free: number; total: number } | null;
  /** Bytes: of the machine, and of this process. */
  memory: { available: number; total: number; process: number };
  /** Degrees Celsius of the hottest zone. */
  temperature: number | null;
  /** Seconds. */
  uptime: { machine: number; process: number };
  load: number;
  /** Milliseconds the event loop was late, 99th percentile since the last look. */
  loopDelay: number;
  /** The board's supply sagged (Raspberry Pi): now, or since it was switched on. */
  underVoltage: 'now' | 'before' | 'never' | null;
  clock: {
    /** `synchronised`: the kernel's clock is disciplined by NTP, PTP or GPS. */
    source: 'synchronised' | 'free-running' | 'unknown';
    /** Milliseconds the kernel thinks it may be off. */
    maxError: number | null;
    /** Milliseconds this gate is ahead of SecuTix; null = not compared yet. */
    offset: number | null;
    /** Steps of more than a second seen since start. */
    jumps: number;
  };
  node: string;
  machine: string;
}
