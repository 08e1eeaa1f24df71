import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { silentLog } from '../../src/log.js';
import { createSecutixClient } from '../../src/secutix/client.js';
import { defaultSettings } from '../../src/secutix/settings.js';
import type { SecutixClient } from '../../src/secutix/types.js';
import { SecutixError } from '../../src/secutix/types.js';
import { mapCatalogue } from '../../src/secutix/wire-catalogue.js';
import { readBlack, readWhite, writeBlack, writeWhite } from '../../src/secutix/wire-files.js';
import { BadXml, elementsOf, parseXml, plainOf, unsayable } from '../../src/secutix/wire-xml.js';
import { createItemMapper, mapHistory, mapPage } from '../../src/secutix/wire.js';
import { SIMULATOR_DEFAULTS } from '../../src/simulator/server.js';
import { readLines, writeLines } from '../../src/sync/list-csv.js';
import { temporaryFolder } from '../support/builders.js';

/** Long runs: PORTILLON_TEST_RUNS=20000. */
const numRuns = Number(process.env.PORTILLON_TEST_RUNS ?? 300);
const MAX = 2_000_000;
const scope = { listType: 'GREY' as const, ticketType: 'ALL' as const, season: 'S', products: [], performances: [] };

/** A server that answers as the present test wants. */
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => answer(request, response));
});
const clients: Record<'rest' | 'soap', SecutixClient | undefined> = { rest: undefined, soap: undefined };
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  for (const transport of ['rest', 'soap'] as const) {
    const settings = defaultSettings({
      url,
      ...SIMULATOR_DEFAULTS,
      transport,
      limits: { callsPerMinute: 0, exportEveryMs: 0 },
      retry: { attempts: 1, baseMs: 1, maxMs: 1 },
      maxAnswerBytes: MAX,
    });
    clients[transport] = createSecutixClient(settings, {
      clock: systemClock,
      random: Math.random,
      log: silentLog,
      limiterStore: { load: () => undefined, save: async () => {} },
    });
  }
});
afterAll(async () => {
  for (const client of Object.values(clients)) await client?.close();
  server.closeAllConnections();
  server.close();
});
const ask = (transport: 'rest' | 'soap'): Promise<unknown> =>
  (clients[transport] as SecutixClient).exportPage(scope, null, { pageSize: 5000, firstOfRun: true });
/** A result, or an error that has a name. */
async function judged(transport: 'rest' | 'soap'): Promise<SecutixError | undefined> {
  try {
    await ask(transport);
    return undefined;
  } catch (error) {
    if (!(error instanceof SecutixError)) throw error;
    return error;
  }
}
const send = (body: string | Uint8Array, headers: Record<string, string> = {}, status = 200): void => {
  answer = (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
};

const shapes = fc.object({
  maxDepth: 4,
  key: fc.oneof(
    fc.constantFrom(
      'barcode',
      'state',
      'containerIdentifier',
      '__proto__',
      'validityEndTime',
      'code',
      'seasons',
      'performances',
      'startDate',
    ),
    fc.string(),
  ),
});
const pages = fc.record({
  statusCode: fc.constantFrom('success', 'SUCCESS', 'error', null),
  accessControlListData: fc.oneof(
    fc.record({
      accessControlListItems: fc.oneof(fc.array(fc.oneof(shapes, fc.anything())), fc.anything()),
      paginationEnd: fc.oneof(fc.string(), fc.anything()),
    }),
    fc.anything(),
  ),
});

describe('whatever SecuTix answers', () => {
  it('any JSON is a page, or an error with a name', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(pages, fc.anything()),
        fc.constantFrom(200, 200, 204, 302, 400, 404, 500),
        async (value, status) => {
          send(status === 204 ? '' : (JSON.stringify(value) ?? 'null'), {}, status);
          await judged('rest');
        },
      ),
      { numRuns: Math.min(numRuns, 5_000) },
    );
  });

  it.each(['rest', 'soap'] as const)(
    'any bytes over %s, packed or not, are an error with a name',
    async (transport) => {
      const encodings = fc.constantFrom(
        {},
        { 'content-encoding': 'gzip' },
        { 'content-encoding': 'deflate' },
        { 'content-encoding': 'br' },
      );
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            fc.uint8Array({ maxLength: 300 }),
            fc.string().map((s) => Buffer.from(s)),
          ),
          encodings,
          fc.boolean(),
          async (bytes, headers, pack) => {
            send(pack ? gzipSync(bytes) : bytes, headers);
            expect(await judged(transport)).toBeInstanceOf(SecutixError);
          },
        ),
        { numRuns: Math.min(numRuns, 2_000) },
      );
    },
  );

  it('any items give tickets with a barcode, or lines set aside; nothing else is touched', () => {
    const map = createItemMapper({ tariff: ['__proto__', 'constructor'] });
    fc.assert(
      fc.property(
        fc.oneof(fc.record({ accessControlListItems: fc.array(fc.oneof(shapes, fc.anything())) }), fc.anything()),
        (data) => {
          const mapped = mapPage(data, map);
          if ('why' in mapped) return;
          for (const item of mapped.page.items) {
            if (item.kind === 'unreadable') continue;
            expect(item.ticket.barcode.length).toBeGreaterThan(0);
            expect(item.ticket.barcode.length).toBeLessThanOrEqual(256);
            expect(['VALID', 'CANCELLED', 'UNREADABLE']).toContain(item.ticket.state);
          }
          expect(mapped.page.counted).toBeLessThanOrEqual(mapped.page.items.length);
          expect(Object.prototype).not.toHaveProperty('barcode');
        },
      ),
      { numRuns },
    );
  });

  it('any catalogue and any history are read as far as they can be', () => {
    fc.assert(
      fc.property(fc.oneof(shapes, fc.anything()), (value) => {
        const programme = mapCatalogue({ data: value }, 1);
        for (const p of programme.performances) expect(p.code.length).toBeGreaterThan(0);
        mapHistory(value);
      }),
      { numRuns },
    );
  });
});

describe('XML', () => {
  it('any text is a document or bad', () => {
    const soup = fc
      .array(
        fc.constantFrom(
          '<',
          '>',
          '/',
          'a',
          '"',
          '=',
          '&',
          'amp;',
          '<!DOCTYPE',
          '<!ENTITY x "y">',
          '&x;',
          '<![CDATA[',
          ']]>',
          '<?xml?>',
          ' xsi:nil="true"',
          'é',
          '\0',
        ),
      )
      .map((p) => p.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string(), soup), (text) => {
        try {
          plainOf(parseXml(text));
        } catch (error) {
          expect(error).toBeInstanceOf(BadXml);
        }
      }),
      { numRuns },
    );
  });
  it('what is written is read again, for every text that XML can carry', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        fc.pre(unsayable(text) === undefined && text !== '');
        expect(plainOf(parseXml(`<a>${elementsOf('b', text)}</a>`))).toEqual({ b: text });
      }),
      { numRuns },
    );
  });
  it('no document type, no entity of its own, no depth', () => {
    for (const text of [
      '<!DOCTYPE a [<!ENTITY x "yyyy">]><a>&x;</a>',
      '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
      '<a>&x;</a>',
      '<a>'.repeat(100) + '</a>'.repeat(100),
    ])
      expect(() => parseXml(text)).toThrow(BadXml);
  });
});

describe('hostile sizes', () => {
  const nested = (open: string): string => open.repeat(MAX / (2 * open.length));
  it.each([
    ['a million brackets deep', nested('['), 'nested deeper'],
    ['a million objects deep', nested('{"a":'), 'nested deeper'],
    [
      'a page of a million items',
      `{"statusCode":"success","accessControlListData":{"accessControlListItems":[${'{},'.repeat(MAX / 4)}{}]}}`,
      'objects and lists',
    ],
    ['a list of a million empty places', `{"statusCode":"success","x":[${','.repeat(MAX - 100)}1]}`, 'members'],
  ])('%s is not parsed', async (_what, body, why) => {
    send(body.slice(0, MAX));
    const error = await judged('rest');
    expect(error?.kind).toBe('malformed');
    expect(error?.message).toContain(why);
  });

  it.each(['rest', 'soap'] as const)(
    'an answer without an end over %s is cut off where the bound is',
    async (transport) => {
      let written = 0;
      const ended = new Promise<void>((resolve) => {
        answer = (_request, response) => {
          response.writeHead(200, { 'content-type': 'application/json' });
          const chunk = Buffer.alloc(64 * 1024, 0x20);
          const pump = (): void => {
            while (!response.destroyed && response.write(chunk)) written += chunk.length;
          };
          response.on('drain', pump);
          response.on('close', resolve);
          response.on('error', () => resolve());
          pump();
        };
      });
      expect(await judged(transport)).toMatchObject({ kind: 'malformed' });
      await ended;
      expect(written).toBeLessThan(1_000_000_000);
    },
  );

  it.each(['rest', 'soap'] as const)('a gigabyte in a megabyte of gzip over %s is not unpacked', async (transport) => {
    send(gzipSync(Buffer.alloc(64 * MAX, 0x20)), { 'content-encoding': 'gzip' });
    expect(await judged(transport)).toMatchObject({ kind: 'malformed' });
  });
});

describe('list files', () => {
  it('any bytes: every line is good or named, and the good ones are what they say', async () => {
    const file = path.join(temporaryFolder(), 'any.csv');
    const line = fc
      .array(
        fc.oneof(
          fc.constantFrom('A1', 'S26', 'P1', '0', 'TRUE', 'FALSE', '', '2026-01-01 10:00:00', '"', 'x\u0000y', ' '),
          fc.string({ maxLength: 20 }),
        ),
        { maxLength: 11 },
      )
      .map((c) => c.join(';'));
    const bytes = fc.oneof(
      fc.array(line).map((l) => Buffer.from(l.join('\n'))),
      fc.uint8Array({ maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, fc.constantFrom(readWhite, readBlack), async (content, read) => {
        writeFileSync(file, content);
        let good = 0;
        const report = await readLines<{ barcode: string }>(file, read, ({ barcode }) => {
          good++;
          expect(barcode.length).toBeGreaterThan(0);
        });
        expect(report.good).toBe(good);
        expect(report.bad).toBeGreaterThanOrEqual(report.badLines.length);
      }),
      { numRuns: Math.min(numRuns, 2_000) },
    );
  });

  it('one endless line does not grow in memory, and is named', async () => {
    const file = path.join(temporaryFolder(), 'long.csv');
    writeFileSync(file, `A;S;P\n${'x'.repeat(5_000_000)}\nB;S;P\n`);
    const report = await readLines(file, readWhite, () => {});
    expect(report.bad).toBeGreaterThan(0);
    expect(report.good).toBeGreaterThanOrEqual(1);
  });

  it('what is exported is imported again the same', async () => {
    const file = path.join(temporaryFolder(), 'round.csv');
    const code = fc.stringMatching(/^[A-Za-z0-9_-]{1,30}$/);
    const white = fc.record(
      { barcode: code, state: fc.constant('VALID' as const), season: code, product: code },
      { noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(white, { minLength: 1 }), async (tickets) => {
        const rows = async function* (): AsyncGenerator<string[]> {
          for (const t of tickets) yield writeWhite({ ...t, reduced: true });
        };
        await writeLines(file, rows());
        const read: unknown[] = [];
        await readLines(file, readWhite, (t) => void read.push(t));
        expect(read).toEqual(tickets.map((t) => ({ ...t, reduced: true })));
      }),
      { numRuns: 30 },
    );
    const black = { barcode: '007', reason: 'STOLEN', season: 'S', product: 'P', date: '2026-01-01 00:00:00' };
    expect(readBlack(writeBlack(black))).toEqual({ ok: true, value: black });
    expect(readWhite(writeBlack(black))).toMatchObject({ ok: false });
  });
});
