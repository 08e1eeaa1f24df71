import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/store/open.js';
import { rekeyDatabase } from '../../src/store/rekey.js';
import { Seal, storeKeyOf } from '../../src/store/seal.js';
import { temporaryFolder } from '../support/builders.js';

const KEY = storeKeyOf('a key of a test that is long enough to be taken');
const OTHER = storeKeyOf('another key of a test, just as long as the first');

describe('a sealed database', () => {
  it('answers like an open one: point reads, ranges, iteration with the codes, snapshots', async () => {
    const db = await openDatabase(temporaryFolder(), 'list', KEY);
    const put = (key: string, value: string) => ({ type: 'put' as const, key, value });
    await db.batch(
      [
        put('g!000001!t!0042', 'ticket'),
        put('g!000001!t!0043', 'other'),
        put('g!000001!c!CARD:1', '["0042"]'),
        put('s!x', 'cursor'),
        put('r!1', 'a'),
      ],
      { sync: true },
    );
    const snapshot = db.snapshot();
    await db.batch([{ type: 'del', key: 'g!000001!t!0043' }, put('r!2', 'b')], { sync: true });
    expect(db.getSync('g!000001!t!0042')).toBe('ticket');
    expect(db.getSync('g!000001!t!0043')).toBeUndefined();
    expect(db.getSync('g!000001!t!0043', { snapshot })).toBe('other');
    await snapshot.close();
    expect(await db.get('g!000001!c!CARD:1')).toBe('["0042"]');
    expect(await db.iterator({ gt: 'g!000001!c!', lt: 'g!000001!c"' }).all()).toEqual([
      ['g!000001!c!CARD:1', '["0042"]'],
    ]);
    expect(await db.iterator({ gt: 'g!000001!t!', lt: 'g!000001!t"' }).all()).toEqual([['g!000001!t!0042', 'ticket']]);
    expect(await db.keys({ gt: 'r!', lt: 'r"', reverse: true, limit: 1 }).next()).toBe('r!2');
    expect(await db.values({ gt: 'r!1', lt: 'r"' }).all()).toEqual(['b']);
    const seen = [];
    for await (const [key] of db.iterator({ gt: 'r!', lt: 's"' })) seen.push(key);
    expect(seen).toEqual(['r!1', 'r!2', 's!x']);
    await db.close();
  });

  it('is written anew under another key and under none, with everything in it', async () => {
    const location = path.join(temporaryFolder(), 'list');
    const entries = [
      ['b!0042', 'usage'],
      ['g!000001!c!CARD:1', '["0042"]'],
      ['g!000001!t!0042', 'ticket'],
      ['r!1', 'a'],
    ] as const;
    const db = await openDatabase(location, 'list');
    for (const [key, value] of entries) await db.put(key, value, { sync: true });
    await db.close();
    for (const [from, to] of [
      [undefined, KEY],
      [KEY, OTHER],
      [OTHER, undefined],
    ] as const) {
      expect(await rekeyDatabase(location, 'list', from, to)).toBe(entries.length);
      const again = await openDatabase(location, 'list', to);
      const all = await again.iterator({ gt: 'a', lt: '~' }).all();
      await again.close();
      // The mark of an open database is a value as any other.
      expect(all.filter(([, value]) => value !== 'none').sort()).toEqual(entries);
    }
  });

  it('has no code in its files, and opens with its own key only; nothing is changed by a wrong one', async () => {
    const folder = temporaryFolder();
    const db = await openDatabase(folder, 'list', KEY);
    const operations = Array.from({ length: 500 }, (_, i) => ({
      type: 'put' as const,
      key: `g!000001!t!NEEDLE${i}`,
      value: `value NEEDLE${i}`,
    }));
    await db.batch(operations, { sync: true });
    await db.put('g!000001!c!NEEDLE-CARD', 'NEEDLE1', { sync: true });
    await db.compactRange('a', 'z');
    await db.close();
    const bytes = (): string =>
      readdirSync(folder)
        .map((f) => readFileSync(path.join(folder, f), 'latin1'))
        .join();
    expect(bytes()).not.toContain('NEEDLE');
    await expect(openDatabase(folder, 'list', OTHER)).rejects.toMatchObject({ code: 'STORE_KEY' });
    await expect(openDatabase(folder, 'list')).rejects.toMatchObject({
      code: 'STORE_KEY',
      message: expect.stringContaining('no key is configured') as string,
    });
    const again = await openDatabase(folder, 'list', KEY);
    expect(again.getSync('g!000001!t!NEEDLE499')).toBe('value NEEDLE499');
    await again.close();
  });

  it('an open database asks to be sealed first', async () => {
    const folder = temporaryFolder();
    await (await openDatabase(folder, 'journal')).close();
    await expect(openDatabase(folder, 'journal', KEY)).rejects.toMatchObject({ code: 'STORE_UNSEALED' });
  });
});

describe('a seal', () => {
  const seal = new Seal(KEY, 'list');
  it('binds a value to its place, its key and its every bit', () => {
    const sealed = seal.close(Buffer.from('value'), 'place');
    expect(seal.open(sealed, 'place').toString()).toBe('value');
    expect(() => seal.open(sealed, 'other place')).toThrow('damaged');
    expect(() => new Seal(OTHER, 'list').open(sealed, 'place')).toThrow('damaged');
    expect(() => new Seal(KEY, 'journal').open(sealed, 'place')).toThrow('damaged');
    for (let i = 0; i < sealed.length; i++) {
      const wrong = Buffer.from(sealed);
      wrong[i] = (wrong[i] ?? 0) ^ 1;
      expect(() => seal.open(wrong, 'place')).toThrow('damaged');
    }
    expect(() => seal.open(Buffer.alloc(3), 'place')).toThrow('damaged');
  });

  it('what is on a card needs the card', () => {
    const sealed = seal.closeFor('CARD', Buffer.from('barcode'), 'p');
    expect(seal.openFor('CARD', sealed, 'p').toString()).toBe('barcode');
    expect(() => seal.openFor('CARE', sealed, 'p')).toThrow('damaged');
    expect(() => seal.open(sealed, 'p')).toThrow('damaged');
  });

  it('never uses a nonce twice, and names a code the same each time', () => {
    const nonces = new Set(
      Array.from({ length: 3000 }, () => seal.close(Buffer.alloc(0), '').subarray(0, 12).toString('hex')),
    );
    expect(nonces.size).toBe(3000);
    expect(seal.name('t!1')).toBe(new Seal(KEY, 'list').name('t!1'));
    expect(seal.name('t!1')).not.toBe(seal.name('t!2'));
    expect(seal.name('t!1')).not.toBe(new Seal(KEY, 'journal').name('t!1'));
    expect(seal.name('t!1')).toHaveLength(22);
  });
});
