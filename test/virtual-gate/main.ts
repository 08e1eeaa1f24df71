/**
 * Boots a machine with simulated hardware behind the kernel's real interfaces, runs the shipped gate in it from YAML alone, and plays the
 * visitors. `npm run test:virtual-gate`; needs root for apt-get when packages are missing; ends with `N passed, M failed`.
 */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stageApp } from './app.js';
import { buildImage } from './image.js';
import { bootMachine, connectSerial } from './machine.js';
import { installPackages } from './packages.js';
import { Agent } from './remote.js';
import { scenario } from './scenario.js';

/** About a minute on a machine with nothing else to do. */
const LIMIT_MS = 480_000;
const began = performance.now();
const say = (line: string): void =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${line}`);

const project = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'portillon-virtual-'));
const cache = process.env.PORTILLON_VIRTUAL_GATE_CACHE ?? join(tmpdir(), 'portillon-virtual-gate');
const results: { name: string; error?: string }[] = [];

async function check(name: string, run: () => Promise<string | void>): Promise<void> {
  const start = performance.now();
  try {
    const note = await run();
    results.push({ name });
    say(`ok      ${name} (${Math.round(performance.now() - start)} ms)${note ? `: ${note}` : ''}`);
  } catch (error) {
    results.push({ name, error: (error as Error).message });
    say(`FAILED  ${name}: ${(error as Error).message}`);
  }
}

async function run(): Promise<void> {
  installPackages(say);
  const app = join(folder, 'app');
  stageApp(project, app, say);
  cpSync(join(project, 'test/virtual-gate/gate.yaml'), join(app, 'gate.yaml'));
  const image = await buildImage({ cache, app, progress: say });
  const [uart, line] = [join(folder, 'uart.sock'), join(folder, 'agent.sock')] as const;
  const powerOn = performance.now();
  const machine = bootMachine(image, {
    run: 'node dist/test/virtual-gate/guest/agent.js',
    serials: [uart, line],
    onLine: (text) => {
      if (text !== '') say(`guest   ${text}`);
    },
  });
  const limit = setTimeout(() => {
    say('the machine takes too long');
    machine.kill();
  }, LIMIT_MS);
  const died = machine.exited.then((code) => {
    throw new Error(`the machine ended early, with ${code}`);
  });
  died.catch(() => {});
  try {
    const [scanner, agentLine] = await Promise.all([connectSerial(uart), connectSerial(line)]);
    const agent = new Agent(agentLine);
    await Promise.race([agent.ready, died]);
    await Promise.race([scenario({ agent, scan: (code) => void scanner.write(`${code}\r`), check, powerOn }), died]);
    if (results.some((r) => r.error !== undefined)) say(`the gate's log ends with:\n${await agent.do('log')}`);
    agent.end();
    await Promise.race([machine.exited, new Promise((resolve) => setTimeout(resolve, 5_000))]);
  } finally {
    clearTimeout(limit);
    machine.kill();
  }
}

try {
  await run();
} catch (error) {
  results.push({ name: 'the machine', error: (error as Error).message });
  say(`FAILED  ${(error as Error).message}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const failed = results.filter((r) => r.error !== undefined).length;
const summary = { passed: results.length - failed, failed };
if (process.env.VIRTUAL_GATE_JSON) writeFileSync(process.env.VIRTUAL_GATE_JSON, JSON.stringify(summary));
console.log(`virtual gate: ${summary.passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
