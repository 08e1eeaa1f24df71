/**
 * Runs inside the machine whose power is cut. First it says what is on the disk, as a line of JSON on the console; then it carries
 * connections: the gate's to SecuTix outside, the test's to the gate's local API.
 */
import { existsSync, openSync, read, writeFileSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { checkFiles } from '../../../src/store/check-files.js';
import { keys } from '../../../src/store/keys.js';
import { activeOf } from '../../../src/store/list-state.js';
import { openDatabase } from '../../../src/store/open.js';
import { decodeEntry } from '../../../src/store/list-entry.js';
import { decodeJson } from '../../../src/store/records.js';
import { storeKeyOf } from '../../../src/store/seal.js';
import { Mux } from './mux.js';

export interface OnDisk {
  files: Record<string, string>;
  /** Of the list: its cursor, and every ticket with its state. */
  cursor: string | null;
  tickets: [string, string][];
}

async function look(data: string, secret: string): Promise<OnDisk> {
  const found: OnDisk = { files: {}, cursor: null, tickets: [] };
  for (const kind of ['journal', 'list', 'sync']) {
    const state = checkFiles(path.join(data, kind), { tables: true });
    found.files[kind] = state.state === 'damaged' ? state.problems.join('; ') : state.state;
  }
  if (found.files.list !== 'whole') return found;
  const db = await openDatabase(path.join(data, 'list'), 'list', storeKeyOf(secret));
  const generation = activeOf((key) => db.getSync(key)).g;
  const from = `${keys.generation(generation)}s!`;
  const [scope] = await db.values({ gt: from, lt: `${from}~` }).all();
  if (scope !== undefined) found.cursor = (decodeJson(scope, 'scope') as { cursor: string | null }).cursor;
  for (const [key, text] of await db
    .iterator({ gt: keys.ticket(generation, ''), lt: keys.ticketsEnd(generation) })
    .all()) {
    const barcode = keys.barcodeOf(key);
    found.tickets.push([barcode, decodeEntry(barcode, text).ticket.state]);
  }
  await db.close();
  return found;
}

const [data = '', secret = '', wire = '', port = '0'] = process.argv.slice(2);
const found = existsSync(data) ? await look(data, secret) : { files: {}, cursor: null, tickets: [] };
process.stdout.write(`ON-DISK ${JSON.stringify(found)}\n`);

const fd = openSync(wire, 'r+');
// A terminal's file takes what fits: a test's few kilobytes are written where they are made.
const writeAll = (bytes: Buffer): void => {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
};
const mux = new Mux('guest', writeAll, () => connect(path.join(data, 'portillon.sock')));
createServer((socket) => mux.accept(socket)).listen(Number(port), '127.0.0.1', () => {
  writeFileSync('/run/carrying', '');
  process.stdout.write('CARRYING\n');
});
const buffer = Buffer.alloc(65_536);
const next = (): void =>
  read(fd, buffer, 0, buffer.length, null, (error, n) => {
    if (error) throw error;
    mux.push(Buffer.from(buffer.subarray(0, n)));
    next();
  });
next();
