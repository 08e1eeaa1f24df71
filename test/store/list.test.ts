import { mkdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Page } from '../../src/domain/ticket.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { scopeKey } from '../../src/store/records.js';
import { cleanup, smallVolume, ticket } from '../support/builders.js';
import { both, page } from '../support/list-rig.js';

describe('the ticket list', () => {
  it('writes a page with its cursor, and the reader sees it at once', async () => {
    const { list, writer } = await both();
    expect(list.find('0001', 'barcode')).toEqual({ via: 'none', tickets: [], position: 0 });
    const full = ticket('0001', {
      container: 'CARD',
      validFrom: 5,
      extra: { ROW: 'A', odd: [1, null] },
      tariff: 'ADULT',
      entrance: 'A',
    });
    await writer.applyPage('k', page('2026-01-01T00:00:00.1', full), null);
    expect(list.find('0001', 'barcode')).toEqual({ via: 'ticket', tickets: [full], position: 1 });
    expect(list.find('CARD', 'rfid')).toEqual({ via: 'container', tickets: [full], position: 1 });
    expect(writer.scope('k')).toEqual({
      tag: '1',
      cursor: '2026-01-01T00:00:00.1',
      pages: 1,
      items: 1,
      completeAt: null,
    });
    await writer.applyPage('k', page(null), 77);
    expect(writer.scope('k')).toMatchObject({ cursor: '2026-01-01T00:00:00.1', pages: 2, completeAt: 77 });
  });

  it('a reprint leaves the old barcode cancelled and the new one valid on the same card', async () => {
    const { list, writer } = await both();
    await writer.applyPage('k', page('1', ticket('old', { container: 'CARD' })), null);
    const cancelled = ticket('old', { container: 'CARD', state: 'CANCELLED', cancellationCause: 'REPRINT' });
    await writer.applyPage('k', page('2', cancelled, ticket('new', { container: 'CARD' })), null);
    expect(list.find('old', 'barcode').tickets[0]).toMatchObject({ state: 'CANCELLED', cancellationCause: 'REPRINT' });
    expect(list.find('CARD', 'rfid').tickets.map((t) => `${t.barcode} ${t.state}`)).toEqual([
      'new VALID',
      'old CANCELLED',
    ]);
  });

  it('a code that is both a barcode and a card is looked up by the reader it came from', async () => {
    const { list, writer } = await both();
    await writer.applyPage('k', page('1', ticket('X'), ticket('Y', { container: 'X' })), null);
    expect(list.find('X', 'barcode').tickets.map((t) => t.barcode)).toEqual(['X']);
    expect(list.find('X', 'rfid').tickets.map((t) => t.barcode)).toEqual(['Y']);
  });

  it('keeps what could not be read, and the rest of the page', async () => {
    const { list, writer } = await both();
    const broken: Page = {
      items: [
        { kind: 'unreadable', index: 0, why: 'no barcode', raw: '{}' },
        { kind: 'ticket', ticket: ticket('1') },
      ],
      cursor: 'c',
      counted: 2,
    };
    const { changes } = await writer.applyPage('k', broken, null);
    expect(changes.counts).toMatchObject({ new: 1, unreadable: 1 });
    expect(list.find('1', 'barcode').via).toBe('ticket');
  });

  it('reader and writer reopen after a failure while the other side holds the files too', async () => {
    const { list, writer } = await both();
    await writer.applyPage('k', page('1', ticket('1')), null);
    await writer.close();
    await list.reopen();
    await writer.reopen();
    await writer.applyPage('k', page('2', ticket('2')), null);
    expect(list.find('2', 'barcode').position).toBe(2);
  });

  it('a reopening that fails leaves an empty list, and the next one brings everything back', async () => {
    const { list, writer, folder } = await both();
    await writer.applyPage('k', page('1', ticket('1')), null);
    await writer.close();
    const current = path.join(folder, 'CURRENT');
    renameSync(current, `${current}.away`);
    mkdirSync(current);
    const failed = list.reopen();
    expect(list.reopening).toBe(true);
    await list.settled();
    await expect(failed).rejects.toThrow('cannot open the database');
    expect(list.reopening).toBe(false);
    expect(list.find('1', 'barcode')).toEqual({ via: 'none', tickets: [], position: 0 });
    rmdirSync(current);
    renameSync(`${current}.away`, current);
    await list.reopen();
    expect(list.find('1', 'barcode')).toMatchObject({ via: 'ticket', position: 1 });
  });

  it('stops at a page that would take the journal’s room, says so, and goes on when there is room', async (context) => {
    const folder = smallVolume(48);
    if (typeof folder !== 'string') return context.skip(folder.why);
    const writer = await ListWriter.open(path.join(folder, 'list'));
    cleanup(() => writer.close());
    await writer.applyPage('k', page('1', ticket('1')), null);
    const filler = path.join(folder, 'filler');
    writeFileSync(filler, Buffer.alloc(20 * 1024 * 1024));
    await expect(writer.applyPage('k', page('2', ticket('2')), null)).rejects.toMatchObject({ code: 'LIST_SPACE' });
    expect(writer.scope('k').cursor).toBe('1');
    rmSync(filler);
    await writer.applyPage('k', page('2', ticket('2')), null);
    expect(writer.scope('k')).toMatchObject({ cursor: '2', pages: 2 });
  });

  it('a scope key depends on everything that shapes the list, and not on the order of codes', () => {
    const account = { url: 'u', version: 'v1_6', institution: 'i', operator: 'o' };
    const scope = {
      listType: 'GREY' as const,
      ticketType: 'ALL' as const,
      season: 'S',
      products: ['a', 'b'],
      performances: [],
    };
    const key = scopeKey(account, scope);
    expect(scopeKey(account, { ...scope, products: ['b', 'a'] })).toBe(key);
    for (const other of [
      { season: 'T' },
      { products: ['a'] },
      { performances: ['p'] },
      { listType: 'WHITE' as const },
    ]) {
      expect(scopeKey(account, { ...scope, ...other })).not.toBe(key);
    }
    expect(scopeKey({ ...account, operator: 'p' }, scope)).not.toBe(key);
  });
});
