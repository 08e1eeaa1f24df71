import type { Operation, SecutixSettings } from './settings.js';

/**
 * The methods by our names. SecuTix's own texts spell two of them differently (facts: getCatalog or getAccessControlCatalog,
 * importControlledTickets or importControlledTicket), so a second name is tried when the first is not known to the server.
 */
const NAMES = {
  timeZone: ['getTimeZone'],
  catalogue: ['getAccessControlCatalog', 'getCatalog'],
  list: ['exportList'],
  importChecks: ['importControlledTicket', 'importControlledTickets'],
  history: ['getControlledTicket'],
  burn: ['burnTicket'],
} as const satisfies Record<Operation, readonly string[]>;

/** Remembers for each operation the name that the server knows. */
export class MethodNames {
  readonly #names: Record<Operation, readonly string[]>;
  readonly #chosen = new Map<Operation, number>();

  constructor(settings: Pick<SecutixSettings, 'methods'>) {
    this.#names = { ...NAMES };
    for (const [operation, name] of Object.entries(settings.methods ?? {}))
      if (name !== undefined) this.#names[operation as Operation] = [name];
  }

  of(operation: Operation): string {
    const names = this.#names[operation];
    return names[this.#chosen.get(operation) ?? 0] ?? (names[0] as string);
  }

  /** The server does not know the present name; false = there is no other one to try. */
  next(operation: Operation): boolean {
    const index = (this.#chosen.get(operation) ?? 0) + 1;
    if (index >= this.#names[operation].length) {
      this.#chosen.delete(operation);
      return false;
    }
    this.#chosen.set(operation, index);
    return true;
  }
}

/** `v1_3` -> 3; what cannot be read counts as the newest. */
export function minorOf(version: string): number {
  const minor = /^v1_(\d+)$/.exec(version)?.[1];
  return minor === undefined ? Number.MAX_SAFE_INTEGER : Number(minor);
}

/** SecuTix: exportList takes performanceCodes since 1.3; before, they would silently be ignored. */
export const FIRST_WITH_PERFORMANCES = 3;
