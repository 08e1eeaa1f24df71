import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { Journal } from '../../src/store/journal.js';
import { Retention } from '../../src/store/retention.js';
import { SyncState } from '../../src/store/sync-state.js';
import { SecutixError } from '../../src/secutix/types.js';
import { pushAll } from '../../src/sync/push.js';
import { temporaryFolder } from '../support/builders.js';
import { FakeClock } from '../support/fake-clock.js';
import { check } from '../support/records.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const DAY = 24 * 3_600_000;

/** A stopped gate whose check 3 was refused by SecuTix a year ago, and whose journal has forgotten it. */
async function stoppedGate(): Promise<{ config: string; folder: string; remembered: number }> {
  const folder = temporaryFolder();
  const config = path.join(folder, 'gate.yaml');
  writeFileSync(
    config,
    stringify({
      gate: { id: 'g', name: 'G', timeZone: 'Europe/Zurich' },
      data: './data',
      secutix: {
        url: 'http://127.0.0.1:1/x',
        institution: 'I',
        operator: 'O',
        partner: 'P',
        secret: 'x'.repeat(32),
        scopes: [{ season: 'S26' }],
      },
      lanes: [{ id: 'l', direction: 'entry', readers: [{ driver: 'virtual' }], barrier: { driver: 'virtual' } }],
    }),
  );
  const clock = new FakeClock();
  const journal = await Journal.open(path.join(folder, 'data', 'journal'), 'g');
  const state = await SyncState.open(path.join(folder, 'data', 'sync'));
  for (let n = 1; n <= 200; n++) await journal.append(check(`code-${n}`, true, clock.now()));
  const refuse = new SecutixError('business', 'm', 'no', { statusCode: 'ERR', statusDetail: 'no such operation' });
  await pushAll(
    {
      state,
      clock,
      client: {
        importChecks: (reports) =>
          reports.some((r) => r.barcode === 'code-3') ? Promise.reject(refuse) : Promise.resolve(),
      },
      source: (after, limit) => journal.checksAfter(after, limit, journal.lastSeq),
      onAcknowledged: () => {},
      onRejected: () => {},
    },
    { batch: 50, signal: new AbortController().signal },
  );
  await clock.advance(365 * DAY);
  const retention = new Retention({
    journal,
    clock,
    acknowledged: () => state.pushCursor,
    keepChecks: 90 * DAY,
    keepUsage: 800 * DAY,
    free: () => 1e12,
    timeKnown: () => true,
  });
  while (await retention.piece());
  const remembered = (await journal.readAfter(0, 1))[0]?.seq ?? 0;
  await journal.close();
  await state.close();
  return { config, folder, remembered };
}

describe('a check that SecuTix refused', () => {
  it('is kept whole when the journal has forgotten its record, is listed, and is in every export', async () => {
    const { config, folder, remembered } = await stoppedGate();
    const portillon = (...args: string[]): string =>
      execFileSync(process.execPath, [MAIN, ...args, '--stopped', '--config', config], { encoding: 'utf8' });
    expect(remembered).toBeGreaterThan(3);

    const listed = portillon('journal', 'refused');
    expect(listed).toContain('g-000000000003');
    expect(listed).toContain('no such operation');
    expect(listed).not.toContain('code-3');

    const all = path.join(folder, 'all.jsonl');
    portillon('journal', 'export', all, '--format', 'jsonl');
    const lines = readFileSync(all, 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(1 + 200 - remembered + 1);
    expect(JSON.parse(lines[0] as string)).toMatchObject({
      seq: 3,
      barcode: 'code-3',
      lane: 'lane-1',
      refused: { statusCode: 'ERR', statusDetail: 'no such operation' },
    });

    const only = path.join(folder, 'refused.csv');
    portillon('journal', 'export', only, '--refused');
    expect(readFileSync(only, 'utf8')).toMatch(/^g-000000000003;code-3;[^\n]*\n$/);

    execFileSync(process.execPath, [MAIN, 'factory-reset', '--config', config, '--yes', 'g']);
    const exports = path.join(folder, 'data', 'export');
    const exported = gunzipSync(readFileSync(path.join(exports, readdirSync(exports)[0] as string))).toString('utf8');
    expect(exported).toMatch(/"kind":"refused","seq":3,.*"barcode":"code-3"/);
  });
});
