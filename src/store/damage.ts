import { PortillonError } from '../errors.js';

/** Damage is what LevelDB calls corruption; a full disk, a missing right, another key or instance is none. */
export function isDamage(error: unknown): boolean {
  for (let e: unknown = error; e instanceof Error; e = e.cause) {
    const { code } = e as { code?: string };
    if (code === 'LEVEL_CORRUPTION' || (e instanceof PortillonError && code === 'STORE_DAMAGED')) return true;
  }
  return false;
}

/** A value that is not what was written: a flipped bit may also make it look like one of a later release. */
export const isUnreadable = (error: unknown): boolean =>
  isDamage(error) || (error instanceof PortillonError && error.code === 'STORE_FORMAT');
