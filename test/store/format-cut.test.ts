/**
 * A change of the data's format that is killed in the middle: what the next start, or the next try, finds is whole. `PORTILLON_EVERY_CUT=1` kills
 * at every step instead of at some.
 */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClassicLevel } from 'classic-level';
import { describe, expect, it } from 'vitest';
import { backups, prepareFormat, readFormat } from '../../src/store/format.js';
import { Journal } from '../../src/store/journal.js';
import { leaveIn } from '../../src/store/leave.js';
import { rekeyDatabase } from '../../src/store/rekey.js';
import { storeKeyOf } from '../../src/store/seal.js';
import { temporaryFolder } from '../support/builders.js';
import { unpackFormat1 } from '../support/format-1.js';

const project = fileURLToPath(new URL('../..', import.meta.url));
const BY = 'test';
const NOW = Date.UTC(2026, 10, 25);
const SECRET = 'a key of a test that is long enough to be taken';

/** Kills itself before the n-th thing that reaches the disk; without n it tells how many there are. */
const CHILD = `
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { ClassicLevel } from 'classic-level';
let done = 0;
const step = () => { if (++done === Number(process.env.CUT)) process.kill(process.pid, 'SIGKILL'); };
for (const name of ['renameSync', 'rmSync', 'linkSync', 'copyFileSync', 'writeSync', 'openSync']) {
  const real = fs[name];
  fs[name] = (...args) => (step(), real(...args));
}
syncBuiltinESMExports();
for (const name of ['batch', 'put', 'close']) {
  const real = ClassicLevel.prototype[name];
  ClassicLevel.prototype[name] = function (...args) { step(); return real.apply(this, args); };
}
const at = (file) => import('${new URL('../../dist/src/store/', import.meta.url).href}' + file);
const { prepareFormat } = await at('format.js');
const { leaveIn } = await at('leave.js');
const { storeKeyOf } = await at('seal.js');
const { WAY, DATA, SECRET } = process.env;
const more = SECRET === undefined ? {} : { unsealWith: storeKeyOf(SECRET) };
if (WAY === 'forward') await prepareFormat(DATA, '${BY}', ${NOW});
else await leaveIn(DATA, 1, { by: '${BY}', now: ${NOW}, ...more });
console.log(done);
`;
type Way = 'forward' | 'back';

function cut(data: string, way: Way, at: number, secret?: string): Promise<{ steps: number; killed: boolean }> {
  const env = {
    ...process.env,
    WAY: way,
    DATA: data,
    CUT: String(at),
    ...(secret !== undefined && { SECRET: secret }),
  };
  return new Promise((resolve, reject) => {
    const done = (error: (Error & { signal?: string | null }) | null, stdout: string): void => {
      if (error && error.signal !== 'SIGKILL') return reject(error);
      resolve({ steps: Number(stdout), killed: error !== null });
    };
    execFile(process.execPath, ['--input-type=module', '-e', CHILD], { env, cwd: project }, done);
  });
}

/** Every key and value of every database, and the marker. */
async function everything(data: string): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = { format: readFormat(data) };
  for (const name of ['journal', 'list', 'sync']) {
    const db = new ClassicLevel<string, Buffer>(path.join(data, name), { valueEncoding: 'buffer' });
    all[name] = (await db.iterator().all()).map(([key, value]) => [key, value.toString('latin1')]);
    await db.close();
  }
  return all;
}

function copyOf(data: string): string {
  const copy = path.join(temporaryFolder(), 'data');
  cpSync(data, copy, { recursive: true });
  return copy;
}

/** Data of format 2 that hold what format 1 has no words for. */
async function newer(old: string): Promise<string> {
  const data = copyOf(old);
  await prepareFormat(data, BY, NOW - 60_000);
  const journal = await Journal.open(path.join(data, 'journal'), 'fixture-1', undefined);
  await journal.append({ kind: 'event', at: NOW, lane: 'lane-1', what: 'mode', mode: 'free', who: 'Anna' });
  await journal.append({
    kind: 'blocked',
    at: NOW,
    barcode: 'FIX-FREE',
    blocked: true,
    who: 'Anna',
    why: 'lost',
  } as never);
  await journal.close();
  return data;
}

const some = (steps: number): number[] => {
  const all = Array.from({ length: steps }, (_, i) => i + 1);
  if (process.env.PORTILLON_EVERY_CUT) return all;
  return [...new Set([0.05, 0.4, 0.65, 0.85, 1].map((part) => Math.max(1, Math.round(part * steps))))];
};

describe('a change of format that is killed', () => {
  it('forward: the next start ends it as if nothing had been; so does the way back', async () => {
    const { data } = unpackFormat1(temporaryFolder(), project);
    const before = await everything(data);
    const whole = copyOf(data);
    const { steps } = await cut(whole, 'forward', 0);
    const after = await everything(whole);
    expect(steps).toBeGreaterThan(10);
    for (const at of some(steps)) {
      const one = copyOf(data);
      expect(await cut(one, 'forward', at), `cut ${at}`).toMatchObject({ killed: true });
      const other = copyOf(one);
      await prepareFormat(one, BY, NOW);
      expect(await everything(one), `cut ${at}, forward again`).toEqual(after);
      expect(backups(one).length, `cut ${at}`).toBe(1);
      if (readFormat(other)?.format === 1) {
        await leaveIn(other, 1, { by: BY, now: NOW });
        expect({ ...(await everything(other)), format: before.format }, `cut ${at}, back`).toEqual(before);
      }
    }
  });

  it.each([['open data', undefined], ['sealed data', SECRET] as const])(
    'back, with %s: the next try ends it as if nothing had been, and a start of this release finds everything',
    async (_, secret) => {
      const { data: old } = unpackFormat1(temporaryFolder(), project);
      const data = await newer(old);
      const key = secret === undefined ? undefined : storeKeyOf(secret);
      const unsealed = await everything(data);
      if (key)
        for (const kind of ['journal', 'sync'] as const)
          await rekeyDatabase(path.join(data, kind), kind, undefined, key);
      const before = await everything(data);
      const more = key === undefined ? {} : { unsealWith: key };
      const whole = copyOf(data);
      const { steps } = await cut(whole, 'back', 0, secret);
      const after = await everything(whole);
      expect(after.format).toEqual({ format: 1, by: BY });
      for (const at of some(steps)) {
        const one = copyOf(data);
        expect(await cut(one, 'back', at, secret), `cut ${at}`).toMatchObject({ killed: true });
        const other = copyOf(one);
        await leaveIn(one, 1, { by: BY, now: NOW, ...more });
        expect(await everything(one), `cut ${at}, back again`).toEqual(after);
        if (readFormat(other)?.format !== 2) continue;
        await prepareFormat(other, BY, NOW);
        expect(await everything(other), `cut ${at}, forward`).toEqual(before);
      }
      if (key) {
        // The seal comes off only when somebody says so.
        await expect(leaveIn(copyOf(data), 1, { by: BY, now: NOW })).rejects.toMatchObject({ code: 'STORE_FORMAT' });
        expect(JSON.stringify(unsealed)).toContain('FIX-FREE');
        expect(JSON.stringify(before.journal)).not.toContain('FIX-FREE');
        expect(JSON.stringify(after.journal)).toContain('FIX-FREE');
      }
    },
  );

  it('whose backup is gone says so and changes nothing', async () => {
    const { data } = unpackFormat1(temporaryFolder(), project);
    const { writeFormat } = await import('../../src/store/format.js');
    writeFormat(data, { format: 1, by: BY, changing: { to: 2, backup: 'format-1-gone' } });
    await expect(prepareFormat(data, BY, NOW)).rejects.toThrow(/was cut off/);
    expect(readFileSync(path.join(data, 'format.json'), 'utf8')).toContain('format-1-gone');
  });
});
