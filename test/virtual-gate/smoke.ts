/** Builds the virtual machine, starts it once, and looks whether it has everything. `node dist/test/virtual-gate/smoke.js` */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stageApp } from './app.js';
import { buildImage } from './image.js';
import { bootMachine, connectSerial } from './machine.js';
import { installPackages } from './packages.js';

const BOOT_LIMIT_MS = 120_000;
const begin = performance.now();
const seconds = (from: number): string => ((performance.now() - from) / 1000).toFixed(1);
const progress = (line: string): void => console.log(`${seconds(begin).padStart(6)} s  ${line}`);

async function step<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  progress(`== ${name}: ${seconds(start)} s`);
  return result;
}

const project = resolve(process.argv[2] ?? process.cwd());
const cache = join(tmpdir(), 'portillon-virtual-gate');
const folder = mkdtempSync(join(tmpdir(), 'portillon-smoke-'));
try {
  const app = join(folder, 'app');
  await step('packages', () => installPackages(progress));
  await step('application', () => stageApp(project, app, progress));
  copyFileSync(fileURLToPath(new URL('smoke-guest.js', import.meta.url)), join(app, 'smoke-guest.js'));
  const image = await step('image', () => buildImage({ cache, app, progress }));

  const heard: string[] = [];
  const code = await step('machine', async () => {
    const start = performance.now();
    const serials = [join(folder, 'line1.sock'), join(folder, 'line2.sock')];
    const machine = bootMachine(image, {
      run: 'node smoke-guest.js',
      serials,
      onLine: (line) => {
        if (line.startsWith('GUEST-RUN')) progress(`== start to command: ${seconds(start)} s`);
        if (line !== '') progress(line);
      },
    });
    const limit = setTimeout(() => {
      progress('the machine takes too long');
      machine.kill();
    }, BOOT_LIMIT_MS);
    try {
      const sockets = await Promise.all(serials.map((path) => connectSerial(path)));
      sockets.forEach((socket, index) => {
        heard[index] = '';
        socket.on('data', (chunk) => (heard[index] += chunk.toString()));
        socket.on('error', () => undefined);
      });
      return await machine.exited;
    } finally {
      clearTimeout(limit);
      machine.kill();
    }
  });
  const lines = heard.every((text, index) => text.includes(`hello from /dev/ttyS${index + 1}`));
  progress(lines ? 'both serial lines were heard' : `serial lines: ${JSON.stringify(heard)}`);
  process.exitCode = code === 0 && lines ? 0 : 1;
} catch (error) {
  progress(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
progress(`== all: exit value ${process.exitCode}`);
