import { closeSync, constants, openSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { loadIoctl } from './ioctl.js';

/** linux/input.h: EVIOCGRAB. */
const EVIOCGRAB = 0x40044590;

/** Event nodes of the keyboard behind a hidraw node. */
export function eventNodesOf(hidraw: string, sys = '/sys/class/hidraw'): string[] {
  const base = path.join(sys, path.basename(hidraw), 'device', 'input');
  const children = (folder: string): string[] => {
    try {
      return readdirSync(folder);
    } catch {
      return [];
    }
  };
  return children(base)
    .filter((n) => /^input\d+$/.test(n))
    .flatMap((n) => children(path.join(base, n)).filter((e) => /^event\d+$/.test(e)))
    .map((e) => path.join('/dev/input', e));
}

/**
 * Takes a keyboard away from the consoles while its raw reports are read: otherwise every scanned code is typed there too. The returned
 * function gives it back. Throws with what to do.
 */
export function grabKeyboard(hidraw: string): () => void {
  const nodes = eventNodesOf(hidraw);
  if (nodes.length === 0) throw new Error(`no input device belongs to ${hidraw}`);
  const ioctl = loadIoctl();
  const held: number[] = [];
  const release = (): void => {
    // Closing gives it back.
    for (const fd of held.splice(0)) closeSync(fd);
  };
  try {
    for (const node of nodes) {
      const fd = openSync(node, constants.O_RDONLY | constants.O_NONBLOCK);
      held.push(fd);
      ioctl(fd, EVIOCGRAB, 1);
    }
  } catch (error) {
    release();
    throw error;
  }
  return release;
}
