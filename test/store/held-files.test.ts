import { readdirSync, readlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { HeldFiles } from '../../src/store/held-files.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { cleanup, temporaryFolder } from '../support/builders.js';

/** Files in a folder that this process has open; a deleted one ends in ` (deleted)`. */
function openIn(folder: string): string[] {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return '';
    }
  });
  return links
    .filter((link) => path.dirname(link) === folder)
    .map((link) => path.basename(link))
    .sort();
}

describe('files of a database that are held open', () => {
  it('keeps a file’s blocks while whoever deletes it waits, and frees them afterwards', async () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, '000005.ldb'), 'a table');
    writeFileSync(path.join(folder, 'CURRENT'), 'small files are none of its business');
    const held = new HeldFiles(folder);
    cleanup(() => held.close());
    expect(openIn(folder)).toEqual(['000005.ldb']);

    writeFileSync(path.join(folder, '000006.log'), 'made later');
    await vi.waitFor(() => expect(openIn(folder)).toEqual(['000005.ldb', '000006.log']));

    unlinkSync(path.join(folder, '000005.ldb'));
    expect(openIn(folder)).toEqual(['000005.ldb (deleted)', '000006.log']);
    await vi.waitFor(() => expect(openIn(folder)).toEqual(['000006.log']));

    held.close();
    expect(openIn(folder)).toEqual([]);
  });

  it('belongs to an open list, and goes with it', async () => {
    const folder = temporaryFolder();
    const before = openIn(folder);
    const writer = await ListWriter.open(folder);
    cleanup(() => writer.close());
    // LevelDB’s own and this one.
    const logs = (): string[] => openIn(folder).filter((name) => name.endsWith('.log'));
    expect(logs()).toHaveLength(2);
    await writer.reopen();
    expect(logs().filter((name) => !name.includes('deleted'))).toHaveLength(2);
    await writer.close();
    expect(openIn(folder)).toEqual(before);
  });
});
