import { createRequire } from 'node:module';
import type koffiModule from 'koffi';

type Koffi = typeof koffiModule;

/** Calls ioctl(2), which Node has not; the C library is reached through koffi, a foreign function interface with prebuilt binaries. */
export type Ioctl = (fd: number, request: number, argument: Uint8Array | number) => number;

let loaded: Ioctl | Error | undefined;

/** Loaded on first use. Throws when the machine has no C library that koffi can load. */
export function loadIoctl(): Ioctl {
  loaded ??= tryLoad();
  if (loaded instanceof Error) throw loaded;
  return loaded;
}

function tryLoad(): Ioctl | Error {
  try {
    const require = createRequire(import.meta.url);
    const koffi = require('koffi') as Koffi;
    const libc = koffi.load('libc.so.6');
    const byPointer = libc.func('int ioctl(int fd, unsigned long request, void *argument)') as (
      ...a: unknown[]
    ) => number;
    const byValue = libc.func('int ioctl(int fd, unsigned long request, long argument)') as (...a: unknown[]) => number;
    return (fd, request, argument) => {
      const result = typeof argument === 'number' ? byValue(fd, request, argument) : byPointer(fd, request, argument);
      if (result >= 0) return result;
      const errno = koffi.errno();
      const name = Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
      throw Object.assign(new Error(`ioctl: ${name}`), { code: name });
    };
  } catch (cause) {
    return new Error(`ioctl cannot be called: ${(cause as Error).message}`, { cause });
  }
}
