import { readlinkSync } from 'node:fs';
import os from 'node:os';

/**
 * The lanes' thread comes first: the calling one runs at low priority from here on. Linux gives every thread its own nice value, and
 * /proc/thread-self names the calling thread.
 */
export function lowerPriority(): void {
  try {
    os.setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), 15);
  } catch {
    // Not Linux, or not allowed: only the latency during an import is worse.
  }
}
