import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import os from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../clock.js';
import type { Vitals } from '../diagnostics/vitals.js';

const ZONES = '/sys/class/thermal';
/** Raspberry Pi firmware: bit 0 under-voltage now, bit 16 since boot. */
const THROTTLED = '/sys/devices/platform/soc/soc:firmware/get_throttled';
/** A wall clock that moved this much against the monotonic one was set, milliseconds. */
const JUMP = 1_000;
/** timex.status on a 64-bit Linux, and its bit for "nobody disciplines this clock" (adjtimex(2)). */
const TIMEX = { bytes: 208, maxError: 24, status: 40, unsynchronised: 0x40 };

export interface VitalsReader {
  /** Called about once a second: sees the clock jump. */
  look(): void;
  read(offset: number | null): Vitals;
  close(): void;
}

/** What the machine says of itself, by files of the kernel and one system call. A file that is not there is a null. */
export function createVitals(clock: Clock, dataFolder: string): VitalsReader {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const started = clock.monotonic();
  let jumps = 0;
  let difference = clock.now() - clock.monotonic();
  let adjtimex: ((timex: Buffer) => number) | undefined;
  if (process.platform === 'linux' && /64/.test(process.arch)) {
    void import('koffi')
      .then(({ default: koffi }) => {
        adjtimex = koffi.load('libc.so.6').func('int adjtimex(void *)') as (timex: Buffer) => number;
      })
      .catch(() => {
        // musl or an odd libc: the clock's source is not known.
      });
  }
  return {
    look: () => {
      const now = clock.now() - clock.monotonic();
      if (Math.abs(now - difference) > JUMP) jumps++;
      difference = now;
    },
    read: (offset) => {
      const loopDelay = Math.round(delay.percentile(99) / 1e4) / 100;
      delay.reset();
      return {
        disk: disk(dataFolder),
        memory: { available: availableMemory(), total: os.totalmem(), process: process.memoryUsage.rss() },
        temperature: temperature(),
        uptime: { machine: Math.round(os.uptime()), process: Math.round((clock.monotonic() - started) / 1000) },
        load: os.loadavg()[0] ?? 0,
        loopDelay: Number.isFinite(loopDelay) ? loopDelay : 0,
        underVoltage: underVoltage(),
        clock: { ...source(adjtimex), offset, jumps },
        node: process.version,
        machine: `${os.type()} ${os.release()} ${os.arch()}`,
      };
    },
    close: () => delay.disable(),
  };
}

function source(adjtimex: ((timex: Buffer) => number) | undefined): Pick<Vitals['clock'], 'source' | 'maxError'> {
  if (!adjtimex) return { source: 'unknown', maxError: null };
  const timex = Buffer.alloc(TIMEX.bytes);
  // Modes 0: nothing is set, so no right is needed.
  if (adjtimex(timex) < 0) return { source: 'unknown', maxError: null };
  const free = (timex.readInt32LE(TIMEX.status) & TIMEX.unsynchronised) !== 0;
  return {
    source: free ? 'free-running' : 'synchronised',
    maxError: free ? null : Number(timex.readBigInt64LE(TIMEX.maxError)) / 1000,
  };
}

function disk(folder: string): Vitals['disk'] {
  try {
    const { bsize, bavail, blocks } = statfsSync(folder);
    return { free: bavail * bsize, total: blocks * bsize };
  } catch {
    return null;
  }
}

function availableMemory(): number {
  try {
    return Number(/MemAvailable:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return os.freemem();
  }
}

function temperature(): number | null {
  try {
    const degrees = readdirSync(ZONES)
      .filter((zone) => zone.startsWith('thermal_zone'))
      .map((zone) => Number(readFileSync(`${ZONES}/${zone}/temp`, 'utf8')) / 1000)
      .filter((d) => Number.isFinite(d) && d > -40 && d < 150);
    return degrees.length === 0 ? null : Math.round(Math.max(...degrees) * 10) / 10;
  } catch {
    return null;
  }
}

function underVoltage(): Vitals['underVoltage'] {
  try {
    if (!existsSync(THROTTLED)) return null;
    const bits = Number.parseInt(readFileSync(THROTTLED, 'utf8').trim(), 16);
    return bits & 1 ? 'now' : bits & 0x10000 ? 'before' : 'never';
  } catch {
    return null;
  }
}
