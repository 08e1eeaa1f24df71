/**
 * Installs, starts, upgrades and removes the Debian package in a Debian of its own (debootstrap). `npm run test:package`; needs root; ends with
 * `N passed, M failed`.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { GateApi } from '../../src/cli/gate-api.js';
import { bareDebian } from '../image/base.js';
import { unpackFormat1 } from '../support/format-1.js';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const began = performance.now();
const say = (line: string): void =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env, maxBuffer: 1 << 26 });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `${stdout}\n${stderr}`.trim().slice(-1500)}`);
  return stdout;
}

async function makeRoot(): Promise<string> {
  const base = await bareDebian(say);
  const root = mkdtempSync(path.join(tmpdir(), 'portillon-package-'));
  run('cp', ['-a', `${base}/.`, root]);
  mkdirSync(path.join(root, 'proc'), { recursive: true });
  run('mount', ['-t', 'proc', 'proc', path.join(root, 'proc')]);
  return root;
}

const CONFIG = `gate: { id: deb-1, name: Debian, timeZone: Europe/Zurich }
data: /var/lib/portillon
secutix:
  url: http://127.0.0.1:9/tnci/backend-apis/externalAccessControlService
  version: v1_6
  institution: EXAMPLE
  operator: EXAMPLE_AC
  partner: PORTILLON
  secret: a-secret-that-is-at-least-32-bytes
  scopes: [{ season: S26, products: [P1] }]
lanes:
  - id: lane-1
    direction: entry
    readers: [{ driver: virtual }]
    barrier: { driver: virtual }
`;

/** The gate as the unit starts it, until it answers; the returned function stops it. */
async function startGate(root: string): Promise<{ api: GateApi; stop: () => Promise<number | null> }> {
  const command = [
    '--userspec=portillon:portillon',
    root,
    '/usr/bin/portillon',
    'run',
    '--config',
    '/etc/portillon/gate.yaml',
  ];
  const child = spawn('chroot', command, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', NODE_ENV: 'production' },
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const api = new GateApi(path.join(root, 'var/lib/portillon'));
  for (let attempt = 0; ; attempt++) {
    try {
      await api.get('/status');
      break;
    } catch (error) {
      if (attempt > 100 || child.exitCode !== null)
        throw new Error(`the gate does not start: ${log.slice(-800)}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  return {
    api,
    stop: async () => {
      await api.close();
      child.kill('SIGTERM');
      return exited;
    },
  };
}

const results: { name: string; error?: string }[] = [];
async function check(name: string, action: () => Promise<void> | void): Promise<void> {
  try {
    await action();
    results.push({ name });
    say(`ok      ${name}`);
  } catch (error) {
    results.push({ name, error: (error as Error).message });
    say(`FAILED  ${name}: ${(error as Error).message}`);
  }
}

const version = (JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8')) as { version: string }).version;
/** Packages that were built, by version. */
const shelf = mkdtempSync(path.join(tmpdir(), 'portillon-debs-'));
const debs = new Map<string, string>();
const FIXTURE = path.join(project, 'test/fixtures/format-1.tar.xz');

async function until<T>(ask: () => Promise<T>, pleases: (value: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const value = await ask();
    if (pleases(value)) return value;
    if (attempt > 500) throw new Error(`not as wanted: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The package as it is, as a later version would be, or of an older build. */
function build(as: string, root: string, dist?: string): string {
  const kept = debs.get(as);
  if (kept !== undefined) {
    cpSync(kept, path.join(root, 'tmp/portillon.deb'));
    return '/tmp/portillon.deb';
  }
  const printed = run(process.execPath, [path.join(project, 'scripts/package-deb.mjs')], {
    ...process.env,
    PACKAGE_VERSION: as,
    ...(dist !== undefined && { PACKAGE_DIST: dist }),
  });
  const deb = path.resolve(printed.trim().split('\n').at(-1) ?? '');
  cpSync(deb, path.join(root, 'tmp/portillon.deb'));
  const own = path.join(shelf, path.basename(deb));
  cpSync(deb, own);
  rmSync(deb);
  debs.set(as, own);
  return '/tmp/portillon.deb';
}

async function scenario(root: string): Promise<void> {
  const inside = (...command: string[]): string =>
    run('chroot', [root, ...command], { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' });
  const lastSeq = async (api: GateApi): Promise<number> =>
    (await api.get<{ journal: { lastSeq: number } }>('/status')).journal.lastSeq;

  await check('installs, makes its user and folders, and says what to do next', () => {
    const said = inside('dpkg', '-i', build(version, root));
    assert.match(said, /write \/etc\/portillon\/gate\.yaml/);
    assert.match(inside('id', 'portillon'), /dialout.*|plugdev/);
    assert.match(inside('stat', '-c', '%U %a', '/var/lib/portillon'), /^portillon 700/);
    assert.match(inside('portillon', '--version'), new RegExp(version.replaceAll('.', '\\.')));
  });

  writeFileSync(path.join(root, 'etc/portillon/gate.yaml'), CONFIG);
  inside('chgrp', 'portillon', '/etc/portillon/gate.yaml');
  let seq = 0;
  await check('runs as its own user, decides and stops in order', async () => {
    assert.match(inside('portillon', 'config', 'check', '--config', '/etc/portillon/gate.yaml'), /valid/);
    const gate = await startGate(root);
    await gate.api.post('/lanes/lane-1/readers/0/present', 'TICKET-1');
    await gate.api.post('/lanes/lane-1/mode', JSON.stringify({ mode: 'closed', who: 'test', why: 'package' }));
    while ((seq = await lastSeq(gate.api)) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.match(inside('portillon', 'journal', '--data', '/var/lib/portillon'), /refused: list-empty/);
    assert.equal(await gate.stop(), 0);
  });

  await check('a newer version takes the data over, and the older one takes it back', async () => {
    for (const as of [`${version}+next`, version]) {
      inside('dpkg', '--force-downgrade', '-i', build(as, root));
      assert.match(
        inside('dpkg-query', '-W', '-f', '${Version}', 'portillon'),
        new RegExp(`^${as.replaceAll(/[.+]/g, '\\$&')}$`),
      );
      const gate = await startGate(root);
      assert.equal(await lastSeq(gate.api), seq);
      const { lanes } = await gate.api.get<{ lanes: { mode: string }[] }>('/status');
      assert.equal(lanes[0]?.mode, 'closed');
      assert.equal(await gate.stop(), 0);
    }
  });

  await check('a release of format 1, this one, that one again, this one: one journal, whole', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'portillon-format-'));
    try {
      const old = path.join(path.dirname(unpackFormat1(folder, project, FIXTURE).main), '../..');
      for (const [as, mode, dist] of [
        ['0.0.9', 'free', old],
        [version, 'closed', undefined],
        ['0.0.9', 'free', old],
        [version, 'closed', undefined],
      ] as const) {
        inside('dpkg', '--force-downgrade', '-i', build(as, root, dist));
        const gate = await startGate(root);
        assert.equal(await lastSeq(gate.api), seq, as);
        await gate.api.post('/lanes/lane-1/mode', JSON.stringify({ mode, who: as, why: 'package' }));
        seq = await until(
          () => lastSeq(gate.api),
          (n) => n > seq,
        );
        const records = await gate.api.get<{ seq: number; who?: string }[]>('/journal?after=0&limit=1000');
        assert.deepEqual(
          records.map((r) => r.seq),
          Array.from({ length: seq }, (_, i) => i + 1),
          as,
        );
        assert.equal(records.at(-1)?.who, as);
        assert.equal(await gate.stop(), 0);
      }
      assert.ok(inside('ls', '/var/lib/portillon/backup').includes('format-1-'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  await check('removing keeps the journal and the configuration, purging deletes them', () => {
    inside('dpkg', '-r', 'portillon');
    assert.ok(!existsSync(path.join(root, 'opt/portillon/dist')));
    assert.ok(existsSync(path.join(root, 'var/lib/portillon/journal')));
    assert.ok(existsSync(path.join(root, 'etc/portillon/gate.yaml')));
    inside('dpkg', '-P', 'portillon');
    assert.ok(!existsSync(path.join(root, 'var/lib/portillon')));
    assert.ok(!existsSync(path.join(root, 'etc/portillon')));
  });
}

let root: string | undefined;
try {
  root = await makeRoot();
  await scenario(root);
} catch (error) {
  results.push({ name: 'the package', error: (error as Error).message });
  say(`FAILED  ${(error as Error).message}`);
} finally {
  rmSync(shelf, { recursive: true, force: true });
  if (root !== undefined) {
    spawnSync('umount', [path.join(root, 'proc')]);
    rmSync(root, { recursive: true, force: true });
  }
}
const failed = results.filter((r) => r.error !== undefined).length;
const summary = { passed: results.length - failed, failed };
if (process.env.PACKAGE_JSON) writeFileSync(process.env.PACKAGE_JSON, JSON.stringify(summary));
console.log(`package: ${summary.passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
