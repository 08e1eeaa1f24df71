/** A disk as the recorded operations leave it, and what of it is left when the power goes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Random } from '../../../src/clock.js';

export interface Operation {
  kind: 'create' | 'write' | 'sync' | 'rename' | 'unlink' | 'mkdir';
  path: string;
  data: Buffer;
}
const KINDS = ['create', 'write', 'sync', 'rename', 'unlink', 'mkdir'] as const;
const HEAD = 9;
const SECTOR = 512;

export function parseOperations(log: Buffer): Operation[] {
  const operations: Operation[] = [];
  for (let at = 0; at < log.length;) {
    const kind = KINDS[log.readUInt8(at) - 1] as Operation['kind'];
    const name = at + HEAD + log.readUInt32LE(at + 1);
    const end = name + log.readUInt32LE(at + 5);
    operations.push({ kind, path: log.toString('utf8', at + HEAD, name), data: log.subarray(name, end) });
    at = end;
  }
  return operations;
}

interface Inode {
  data: Buffer[];
  size: number;
  synced: number;
}
type Names = ReadonlyMap<string, Inode>;

/**
 * What may be left of the writes nothing has waited for, on a file system with a journal (ext4, xfs, f2fs): a flush of any file brings all changes of names
 * before it to the disk, in their order; the contents of a file are safe up to its own last flush.
 */
export const LOSSES = ['all', 'contents', 'none', 'torn', 'names'] as const;
export type Loss = (typeof LOSSES)[number];

export class Disk {
  #now: Names = new Map();
  #durable: Names = new Map();

  apply({ kind, path: name, data }: Operation): void {
    const now = new Map(this.#now);
    const inode = now.get(name);
    if (kind === 'create') now.set(name, { data: [], size: 0, synced: 0 });
    else if (kind === 'write' && inode) {
      inode.data.push(data);
      inode.size += data.length;
    } else if (kind === 'rename' && inode) {
      now.set(data.toString('utf8'), inode);
      now.delete(name);
    } else if (kind === 'unlink') now.delete(name);
    else if (kind === 'sync' && inode) inode.synced = inode.size;
    this.#now = now;
    if (kind === 'sync') this.#durable = now;
  }

  /** Whether anything waits for a flush. */
  get pending(): boolean {
    return this.#now !== this.#durable || [...this.#now.values()].some((i) => i.synced < i.size);
  }

  /** Files after the power cut. */
  after(loss: Loss, random: Random): Map<string, Buffer> {
    const names = loss === 'all' || loss === 'names' ? this.#durable : this.#now;
    const files = new Map<string, Buffer>();
    for (const [name, inode] of names) {
      const whole = Buffer.concat(inode.data);
      if (loss === 'none' || loss === 'names') files.set(name, whole);
      else if (loss === 'torn') files.set(name, torn(whole, inode.synced, random));
      else files.set(name, whole.subarray(0, inode.synced));
    }
    return files;
  }
}

/** Any sector that nothing waited for is there, is old (zeros), or is the end. */
function torn(whole: Buffer, synced: number, random: Random): Buffer {
  const end = synced + Math.floor(random() * (whole.length - synced + 1));
  const left = Buffer.from(whole.subarray(0, end));
  for (let at = synced; at < end; at = (Math.floor(at / SECTOR) + 1) * SECTOR)
    if (random() < 0.4) left.fill(0, at, Math.min(end, (Math.floor(at / SECTOR) + 1) * SECTOR));
  return left;
}

export function putFiles(files: ReadonlyMap<string, Buffer>, from: string, to: string): void {
  for (const [name, bytes] of files) {
    const target = path.join(to, path.relative(from, name));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, bytes);
  }
}
