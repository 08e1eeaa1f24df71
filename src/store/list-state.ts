import type { Database } from './open.js';
import { keys } from './keys.js';
import { decodeJson } from './records.js';

/** Which tickets are in force. Read with every look-up, so it is one small value. */
export interface ActiveList {
  /** Generation: 0 = nothing was ever applied. */
  readonly g: number;
  /** Pages ever applied to the list in force; a swap counts as one. */
  readonly p: number;
  /** There is a black list. */
  readonly b?: true;
  /** The index of printed codes is whole for this many dropped characters. */
  readonly c?: number;
}

const NONE: ActiveList = { g: 0, p: 0 };

/** `activeOf` for whoever asks often: the value is read anew each time and decoded when it has changed. */
export function rememberActive(): typeof activeOf {
  let last = '';
  let active = NONE;
  return (get) => {
    const text = get(keys.active);
    if (text === undefined) return NONE;
    if (text !== last) {
      active = decodeJson(text, 'list') as ActiveList;
      last = text;
    }
    return active;
  };
}

export function activeOf(get: (key: string) => string | undefined): ActiveList {
  const text = get(keys.active);
  return text === undefined ? NONE : (decodeJson(text, 'list') as ActiveList);
}

/** A generation in the making. */
export interface Building {
  generation: number;
  /** `resync`, `file` and `copy` (of the hub's, at its standby) end in a swap, `verify` in a comparison alone. */
  purpose: 'resync' | 'verify' | 'file' | 'copy';
  /** UTC milliseconds. */
  since: number;
  /** What its index of printed codes was made for. */
  dropFirst: number;
}

/** Lists of a release before generations are not read: the server has them. True = there was one. */
export async function clearForeignFormat(db: Database): Promise<boolean> {
  if (db.getSync('m!position') === undefined) return false;
  for (const kind of ['c', 's', 't', 'x', 'm']) await db.clear({ gt: `${kind}!`, lt: `${kind}"` });
  return true;
}

/** The scopes of a generation. */
export interface ScopeIndex {
  /** Tag by scope key. */
  tags: Readonly<Record<string, string>>;
  /** Tags of scopes that are no more; their tickets go when nothing else holds them. */
  retired: readonly string[];
}

export const NO_SCOPES: ScopeIndex = { tags: {}, retired: [] };

/** A tag that no scope of the generation has, and that no ticket can carry any more. */
export function freeTag(index: ScopeIndex): string {
  const taken = [...Object.values(index.tags), ...index.retired].map(Number).filter(Number.isFinite);
  return String(Math.max(0, ...taken) + 1);
}
