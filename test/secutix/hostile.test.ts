import { execFile } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { cleanup } from '../support/builders.js';

const CLIENT = fileURLToPath(new URL('../../dist/test/support/hostile-client.js', import.meta.url));
const GB = 1024 ** 3;
/** What the sync thread is allowed. */
const HEAP = '--max-old-space-size=96';
/** An answer is at most 32 MB, and exists as pieces, as bytes and as text; a runtime with nothing else to do takes some 70. Megabytes. */
const PEAK = 330;

/** Sends pieces until the client has had enough. */
async function pour(response: ServerResponse, pieces: Iterable<Buffer | string>): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    for (const piece of pieces) {
      if (gone.signal.aborted) return;
      if (!response.write(piece)) await once(response, 'drain', { signal: gone.signal });
    }
    response.end();
  } catch {
    // It went.
  }
}
function* repeated(head: string, piece: string, times: number): Generator<string> {
  yield head;
  for (let n = 0; n < times; n++) yield piece;
}

const HEAD = {
  rest: '{"statusCode":"success","accessControlListItems":[',
  soap: '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><exportListResponse><r>',
};
const ITEM = {
  rest: '{"barcode":"12345678901234567890","state":"VALID"},',
  soap: '<accessControlListItems><barcode>12345678901234567890</barcode><state>VALID</state></accessControlListItems>',
};
const EMPTY = { rest: '{},', soap: '<i/>' };
const OPEN = { rest: '[', soap: '<a>' };
const CHUNK = 10_000;

/** Members of a gzip file follow each other: 64 MB of zeros in each, a gigabyte in a few hundred kilobytes. */
const ZEROS = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 1 });

async function hostileServer(transport: 'rest' | 'soap') {
  const sent: Record<string, number> = {};
  const attacks: Record<string, (response: ServerResponse) => void> = {
    'gigabyte-of-spaces': (r) => void pour(r, repeated(HEAD[transport], ' '.repeat(1024 * 1024), 1024)),
    'ten-million-items': (r) => void pour(r, repeated(HEAD[transport], ITEM[transport].repeat(CHUNK), 1e7 / CHUNK)),
    // Thirty megabytes: under the bound of an answer.
    'ten-million-empty-items': (r) =>
      void pour(r, repeated(HEAD[transport], EMPTY[transport].repeat(CHUNK), transport === 'rest' ? 1000 : 780)),
    'ten-million-empty-items-packed': (r) => {
      r.setHeader('content-encoding', 'gzip');
      r.end(gzipSync(HEAD[transport] + EMPTY[transport].repeat(transport === 'rest' ? 1e7 : 7.8e6), { level: 1 }));
    },
    'deep-nesting': (r) => void pour(r, repeated('', OPEN[transport].repeat(CHUNK), 1000)),
    'zip-bomb': (r) => {
      r.setHeader('content-encoding', 'gzip');
      void pour(
        r,
        Array.from({ length: GB / (64 * 1024 * 1024) }, () => ZEROS),
      );
    },
    'zip-in-a-zip': (r) => {
      r.setHeader('content-encoding', 'gzip');
      r.end(gzipSync(gzipSync(Buffer.alloc(16 * 1024 * 1024))));
    },
    'endless-headers': (r) => {
      r.setHeader('x-long', 'x'.repeat(200_000));
      r.end('{}');
    },
  };
  const server = createServer((request, response) => {
    const attack = (request.url ?? '').split('/')[1] ?? '';
    request.resume();
    response.once('close', () => {
      sent[attack] = request.socket.bytesWritten;
    });
    response.setHeader('content-type', transport === 'rest' ? 'application/json' : 'text/xml');
    attacks[attack]?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, names: Object.keys(attacks), sent };
}

describe.each(['rest', 'soap'] as const)('hostile sizes over %s', (transport) => {
  it('end early with a named error, and in bounded memory', { timeout: 300_000 }, async () => {
    const { url, names, sent } = await hostileServer(transport);
    const { stdout } = await promisify(execFile)(process.execPath, [HEAP, CLIENT, url, transport, ...names]);
    const { said, peakMb } = JSON.parse(stdout) as { said: Record<string, string>; peakMb: number };
    const larger = 'malformed: exportList: the answer is larger than';
    const expected: Record<string, string> = {
      'gigabyte-of-spaces': larger,
      'ten-million-items': larger,
      'ten-million-empty-items': 'malformed: exportList: the answer is',
      'ten-million-empty-items-packed': 'malformed: exportList: the answer is',
      'deep-nesting': 'malformed: exportList: the',
      'zip-bomb': larger,
      'zip-in-a-zip': 'malformed: exportList: the',
      'endless-headers': 'transport: exportList',
    };
    if (transport === 'soap')
      for (const name of ['ten-million-empty-items', 'ten-million-empty-items-packed'])
        expected[name] = 'malformed: exportList: the address answered no result';
    for (const name of names) expect(`${name} ${said[name]}`).toContain(`${name} ${expected[name]}`);
    // The connection was cut: of a gigabyte no more came than an answer may have, and what the sockets hold.
    expect(sent['gigabyte-of-spaces']).toBeLessThan(64 * 1024 * 1024);
    expect(sent['ten-million-items']).toBeLessThan(64 * 1024 * 1024);
    expect(peakMb).toBeLessThan(PEAK);
  });
});
