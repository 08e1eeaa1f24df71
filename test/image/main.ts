/**
 * Carries out the stages of deploy/Dockerfile.template without a container engine, boots the result in a virtual machine as the composition
 * says, and cuts its power. `npm run test:image`; needs root; ends with `N passed, M failed`.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { buildKernel } from '../virtual-gate/kernel.js';
import { installPackages } from '../virtual-gate/packages.js';
import { run } from '../virtual-gate/shell.js';
import type { Check } from '../virtual-gate/suite.js';
import { inMachine, runSuite } from '../virtual-gate/suite.js';
import { makeBase } from './base.js';
import { runIn } from './chroot.js';
import { build, type BuiltImage } from './dockerfile.js';
import { engineArchive } from './engine.js';
import { Engine } from './exec.js';
import { firstLife, type Life, relayOn, secondLife, VARIABLES } from './scenario.js';

const LIMIT_MS = 150_000;
const project = fileURLToPath(new URL('../../..', import.meta.url));
const cache = process.env.PORTILLON_VIRTUAL_GATE_CACHE ?? join(tmpdir(), 'portillon-virtual-gate');

interface Composition {
  services: { portillon: { read_only?: boolean; tmpfs?: string[]; environment?: Record<string, string> } };
}

async function strictVariant(image: BuiltImage, check: Check): Promise<void> {
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

await runSuite('image', 'IMAGE_JSON', async ({ folder, say, check }) => {
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
  await strictVariant(image, check);
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
  const built = image;
  const boot = (name: string, live: (life: Life) => Promise<void>): Promise<void> => {
    let over: (code: number) => void = () => {};
    const ended = new Promise<number>((resolve) => {
      over = resolve;
    });
    const options = {
      run: 'engine',
      disks: [system, volume],
      serials: ['scanner', 'engine', 'relay'].map((line) => join(folder, `${line}-${name}.sock`)),
      limit: LIMIT_MS,
      onLine: (text: string) => {
        const end = /CONTAINER-END (\d+)/.exec(text);
        if (end) over(Number(end[1]));
      },
    };
    return inMachine({ kernel: kernel.vmlinux, initrd }, options, async ([scanner, line, relay], _, died) => {
      if (!scanner || !line || !relay) throw new Error('the machine has no serial lines');
      const engine = new Engine(line);
      await Promise.race([engine.ready, died]);
      await Promise.race([live({ image: built, engine, scanner, relay: relayOn(relay), check, ended }), died]);
    });
  };
  say('file systems are made; power on');
  await boot('first', firstLife);
  say('power cut; power on');
  await boot('second', secondLife);
});
