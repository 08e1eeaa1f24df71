import { createRequire } from 'node:module';
import type koffiModule from 'koffi';

const EXCLUSIVE_NOW = 2 | 4;

/**
 * flock(2) on an open file: the kernel lets it go when the file is closed or the process ends, however it ends. False = somebody else
 * holds it. Throws where there is no glibc. Node has no call for it.
 */
export function flock(fd: number): boolean {
  const koffi = createRequire(import.meta.url)('koffi') as typeof koffiModule;
  const call = koffi.load('libc.so.6').func('int flock(int fd, int operation)') as (fd: number, how: number) => number;
  return call(fd, EXCLUSIVE_NOW) === 0;
}
