import type { Remembered, Use } from '../../src/venue/claim-types.js';
import type { HubChange, HubMemory } from '../../src/venue/claim-hub.js';

/** What a hub has written down of the one ticket of a model. */
export interface Disk {
  claims: Record<string, Remembered>;
  ended: string[];
  uses: Use[];
  conflicts: number;
}

export const TICKET = 'T';
export const emptyDisk = (): Disk => ({ claims: {}, ended: [], uses: [], conflicts: 0 });
export const cloneDisk = (d: Disk): Disk => ({ ...d, claims: { ...d.claims }, ended: [...d.ended] });

export function memoryOf(disk: Disk): HubMemory {
  return { claim: (id) => disk.claims[id], ended: (id) => disk.ended.includes(id), uses: () => disk.uses };
}

export function applyTo(disk: Disk, change: HubChange): void {
  if (change.claim) disk.claims[change.claim.id] = change.claim.remembered;
  disk.ended.push(...(change.ended ?? []));
  if (change.uses) disk.uses = [...change.uses.uses];
  disk.conflicts += change.conflicts?.length ?? 0;
}

/** Two disks that differ only in the order in which something was written down are one. */
export function diskKey(d: Disk): string {
  const claims = Object.keys(d.claims).sort();
  return JSON.stringify([
    claims.map((id) => [id, d.claims[id]?.answer.result]),
    [...d.ended].sort(),
    d.uses.map((u) => `${u.id} ${u.checkId !== undefined}`).sort(),
    d.conflicts,
  ]);
}

/** A claim of a model is named `g<gate>.<process of the gate>.<number>`. */
export const gateOf = (id: string): number => Number(id.slice(1, 2));
export const sessionOf = (id: string): number => Number(id.split('.')[1]);
