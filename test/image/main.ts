/**
 * Carries out the stages of deploy/Dockerfile.template without a container engine, boots the result in a virtual machine as the composition
 * says, and cuts its power. `npm run test:image`; needs root; ends with `N passed, M failed`.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { buildKernel } from '../virtual-gate/kernel.js';
import { bootMachine, connectSerial } from '../virtual-gate/machine.js';
import { installPackages } from '../virtual-gate/packages.js';
import { run } from '../virtual-gate/shell.js';
import { makeBase } from './base.js';
import { runIn } from './chroot.js';
import { build, type BuiltImage } from './dockerfile.js';
import { engineArchive } from './engine.js';
import { Engine } from './exec.js';
import { firstLife, type Life, relayOn, secondLife, VARIABLES } from './scenario.js';

const LIMIT_MS = 150_000;
const began = performance.now();
const say = (line: string): void =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);
const project = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'portillon-image-'));
const cache = process.env.PORTILLON_VIRTUAL_GATE_CACHE ?? join(tmpdir(), 'portillon-virtual-gate');
const results: { name: string; error?: string }[] = [];

async function check(name: string, action: () => Promise<string | void>): Promise<void> {
  try {
    const note = await action();
    results.push({ name });
    say(`ok      ${name}${note ? `: ${note}` : ''}`);
  } catch (error) {
    results.push({ name, error: (error as Error).message });
    say(`FAILED  ${name}: ${(error as Error).message}`);
  }
}

interface Composition {
  services: { portillon: { read_only?: boolean; tmpfs?: string[]; environment?: Record<string, string> } };
}

async function strictVariant(image: BuiltImage): Promise<void> {
  await check('the stricter variant gives up root and every capability before the gate starts', async () => {
    const line = `${image.entrypoint.slice(2).join(' ')} sh -c 'id -un; grep -E "^(CapEff|CapBnd|NoNewPrivs)" /proc/self/status; touch /data/mine'`;
    const said = await runIn(image, line, { UDEV: 'off', RUN_AS: 'node', RUNTIME_DIRECTORY: '/tmp/run' });
    assert.match(said, /^node$/m);
    assert.match(said, /^CapEff:\s0+$/m);
    assert.match(said, /^CapBnd:\s0+$/m);
    assert.match(said, /^NoNewPrivs:\s1$/m);
    await runIn(image, 'rm /data/mine && chown root /data');
  });
}

/** One life in the machine; the plug is pulled at its end, whatever happened. */
async function boot(
  kernel: string,
  initrd: string,
  disks: string[],
  image: BuiltImage,
  live: (life: Life) => Promise<void>,
): Promise<void> {
  const sockets = ['scanner', 'engine', 'relay'].map((name) => join(folder, `${name}-${results.length}.sock`));
  let over: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    over = resolve;
  });
  const machine = bootMachine(
    { kernel, initrd },
    {
      run: 'engine',
      disks,
      serials: sockets,
      onLine: (text) => {
        if (text !== '') say(`guest   ${text}`);
        const end = /CONTAINER-END (\d+)/.exec(text);
        if (end) over(Number(end[1]));
      },
    },
  );
  const limit = setTimeout(() => {
    say('the machine takes too long');
    machine.kill();
  }, LIMIT_MS);
  const died = machine.exited.then((code) => {
    throw new Error(`the machine ended early, with ${code}`);
  });
  died.catch(() => {});
  try {
    const [scanner, engineLine, relayLine] = await Promise.all(sockets.map((path) => connectSerial(path)));
    if (!scanner || !engineLine || !relayLine) throw new Error('the machine has no serial lines');
    const engine = new Engine(engineLine);
    await Promise.race([engine.ready, died]);
    await Promise.race([live({ image, engine, scanner, relay: relayOn(relayLine), check, ended }), died]);
  } finally {
    clearTimeout(limit);
    machine.kill();
    await machine.exited;
  }
}

async function main(): Promise<void> {
  installPackages(say);
  const work = join(folder, 'stages');
  mkdirSync(work);
  let image: BuiltImage | undefined;
  await check('every instruction of the Dockerfile is carried out', async () => {
    image = await build({
      dockerfile: join(project, 'deploy/Dockerfile.template'),
      context: project,
      work,
      base: (name, root) => makeBase(name, root, say),
      run: async (line, stage) => void (await runIn(stage, line)),
      progress: say,
    });
    const size = Number((await run('du', ['-sm', image.root])).split('\t')[0]);
    const own = Number((await run('du', ['-sm', join(image.root, 'app')])).split('\t')[0]);
    return `${size} MB with the base, ${own} MB of them in /app`;
  });
  if (!image) return;
  await strictVariant(image);
  const { portillon } = (parse(readFileSync(join(project, 'docker-compose.yml'), 'utf8')) as Composition).services;
  mkdirSync(join(image.root, 'tmp/balena'), { recursive: true });
  const kernel = await buildKernel(cache, say);
  const initrd = await engineArchive(folder, kernel, {
    image,
    env: { ...portillon.environment, ...VARIABLES },
    tmpfs: portillon.tmpfs ?? [],
    readOnly: portillon.read_only ?? false,
  });
  const [system, volume] = [join(folder, 'root.img'), join(folder, 'data.img')] as const;
  await run('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-d', image.root, system, '1200M']);
  await run('mke2fs', ['-q', '-t', 'ext4', volume, '96M']);
  rmSync(work, { recursive: true, force: true });
  say('file systems are made; power on');
  await boot(kernel.vmlinux, initrd, [system, volume], image, firstLife);
  say('power cut; power on');
  await boot(kernel.vmlinux, initrd, [system, volume], image, secondLife);
}

try {
  await main();
} catch (error) {
  results.push({ name: 'the image', error: (error as Error).message });
  say(`FAILED  ${(error as Error).message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const failed = results.filter((r) => r.error !== undefined).length;
const summary = { passed: results.length - failed, failed };
if (process.env.IMAGE_JSON) writeFileSync(process.env.IMAGE_JSON, JSON.stringify(summary));
console.log(`image: ${summary.passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
