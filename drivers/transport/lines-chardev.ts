import { closeSync, constants, openSync, readdirSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Epoll } from 'epoll';
import {
  chipInfoBuffer,
  decodeChipInfo,
  decodeEvents,
  decodeLineInfo,
  decodeValue,
  EVENTS_BUFFER,
  IOCTL,
  lineInfoBuffer,
  lineRequest,
  requestedFd,
  valuesBuffer,
} from './gpio-uapi.js';
import { loadIoctl } from './ioctl.js';
import type { LineAddress, LineBackend, LineEdge, LineRequest, OpenLines } from './line-types.js';
import { formatLine } from './line-types.js';

export interface ChipInfo {
  device: string;
  label: string;
  lines: number;
}

/** The chips of this machine; empty without the character device. */
export function listChips(): ChipInfo[] {
  const ioctl = loadIoctl();
  return readdirSync('/dev')
    .filter((name) => /^gpiochip\d+$/.test(name))
    .map((name) => {
      const device = `/dev/${name}`;
      const fd = openSync(device, constants.O_RDWR);
      try {
        const info = chipInfoBuffer();
        ioctl(fd, IOCTL.chipInfo, info);
        const { label, lines } = decodeChipInfo(info);
        return { device, label, lines };
      } finally {
        closeSync(fd);
      }
    });
}

export interface LineDescription {
  offset: number;
  name: string;
  consumer: string;
  used: boolean;
  output: boolean;
}

export function describeLines(chip: ChipInfo): LineDescription[] {
  const ioctl = loadIoctl();
  const fd = openSync(chip.device, constants.O_RDWR);
  try {
    return Array.from({ length: chip.lines }, (_, offset) => {
      const info = lineInfoBuffer(offset);
      ioctl(fd, IOCTL.lineInfo, info);
      return decodeLineInfo(info);
    });
  } finally {
    closeSync(fd);
  }
}

/** Chip and offset of an address. Throws with what there is instead. */
export function resolveLine(address: LineAddress): { chip: ChipInfo; offset: number } {
  const chips = listChips();
  if ('name' in address) {
    for (const chip of chips) {
      const line = describeLines(chip).find((l) => l.name === address.name);
      if (line) return { chip, offset: line.offset };
    }
    throw new Error(`no GPIO line is called ${address.name} (portillon ports lists them)`);
  }
  const chip = chips.find((c) => c.label === address.chip || c.device === `/dev/${address.chip}`);
  if (!chip)
    throw new Error(`no GPIO chip ${address.chip}; there are: ${chips.map((c) => c.label).join(', ') || 'none'}`);
  if (address.offset >= chip.lines)
    throw new Error(`${chip.label} has lines 0 to ${chip.lines - 1}, not ${address.offset}`);
  return { chip, offset: address.offset };
}

type EpollClass = typeof Epoll;

/** ioctl(2): reads of an open file do not wait. */
const FIONBIO = 0x5421;

/**
 * Lines through /dev/gpiochipN: edges are queued by the kernel with their time, and a line falls back when this process dies,
 * whatever killed it.
 */
export class CharDevLines implements LineBackend {
  readonly kind = 'chardev';
  readonly why: string;
  constructor(
    why = 'the GPIO character device is there: edges carry kernel time stamps, outputs fall back when the process dies',
  ) {
    this.why = why;
  }

  open(requests: readonly LineRequest[], onEdge: (edge: LineEdge) => void, onLost: (why: string) => void): OpenLines {
    const Poller = (createRequire(import.meta.url)('epoll') as { Epoll: EpollClass }).Epoll;
    const ioctl = loadIoctl();
    const fds = new Map<string, number>();
    const watched = new Map<number, string>();
    const buffer = Buffer.alloc(EVENTS_BUFFER);
    /** Everything that is queued at these lines, in the order in which it happened: one line's queue knows nothing of another's. */
    const tell = (lines: Iterable<number>): void => {
      const edges: LineEdge[] = [];
      for (const fd of lines) {
        const key = watched.get(fd);
        if (key === undefined) continue;
        try {
          for (;;) {
            const length = readSync(fd, buffer, 0, buffer.length, null);
            for (const { ns, active } of decodeEvents(buffer.subarray(0, length))) edges.push({ key, active, ns });
            if (length < buffer.length) break;
          }
        } catch (cause) {
          // Nothing (more) is queued.
          if ((cause as NodeJS.ErrnoException).code === 'EAGAIN') continue;
          onLost(`GPIO line of ${key}: ${(cause as Error).message}`);
        }
      }
      edges.sort((a, b) => (a.ns < b.ns ? -1 : a.ns > b.ns ? 1 : 0));
      for (const edge of edges) onEdge(edge);
    };
    const poller = new Poller((error, fd) => {
      const key = watched.get(fd);
      if (key === undefined) return;
      if (error) onLost(`GPIO line of ${key}: ${error.message}`);
      else tell([...watched.keys()]);
    });
    const close = (): void => {
      for (const fd of watched.keys()) poller.remove(fd);
      watched.clear();
      poller.close();
      for (const fd of fds.values()) closeSync(fd);
      fds.clear();
    };
    const fdOf = (key: string): number => {
      const fd = fds.get(key);
      if (fd === undefined) throw new Error(`GPIO line of ${key} is not open`);
      return fd;
    };
    try {
      for (const request of requests) {
        const fd = requestLine(ioctl, request);
        fds.set(request.key, fd);
        if (request.direction === 'in') {
          watched.set(fd, request.key);
          // It is read when its edges are needed, not only when epoll says that there are some.
          ioctl(fd, FIONBIO, Buffer.from([1, 0, 0, 0]));
          poller.add(fd, Poller.EPOLLIN);
        }
      }
    } catch (error) {
      close();
      throw error;
    }
    return {
      set: (key, on) => void ioctl(fdOf(key), IOCTL.setValues, valuesBuffer(on)),
      get: (key) => {
        const values = valuesBuffer(false);
        ioctl(fdOf(key), IOCTL.getValues, values);
        return decodeValue(values);
      },
      drain: () => tell([...watched.keys()]),
      close,
    };
  }
}

function requestLine(ioctl: ReturnType<typeof loadIoctl>, request: LineRequest): number {
  const { chip, offset } = resolveLine(request.address);
  const chipFd = openSync(chip.device, constants.O_RDWR);
  try {
    const setup = lineRequest({
      offset,
      direction: request.direction,
      activeLow: request.activeLow,
      bias: request.bias,
      debounce: (request.debounce ?? 0) * 1000,
      consumer: 'portillon',
    });
    ioctl(chipFd, IOCTL.getLine, setup);
    return requestedFd(setup);
  } catch (cause) {
    const busy = (cause as NodeJS.ErrnoException).code === 'EBUSY';
    const user = busy ? describeLines(chip)[offset]?.consumer : '';
    throw new Error(
      busy
        ? `GPIO line ${formatLine(request.address)} is used by ${user || 'somebody else'}; free it or choose another one`
        : `GPIO line ${formatLine(request.address)}: ${(cause as Error).message}`,
      { cause },
    );
  } finally {
    closeSync(chipFd);
  }
}
