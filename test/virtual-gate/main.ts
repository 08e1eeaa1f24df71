/**
 * Boots a machine with simulated hardware behind the kernel's real interfaces, runs the shipped gate in it from YAML alone, and plays the
 * visitors. `npm run test:virtual-gate`; needs root for apt-get when packages are missing; ends with `N passed, M failed`.
 */
import { cpSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stageApp } from './app.js';
import { buildImage } from './image.js';
import { installPackages } from './packages.js';
import { Agent } from './remote.js';
import { scenario } from './scenario.js';
import { inMachine, runSuite } from './suite.js';

/** About a minute on a machine with nothing else to do. */
const LIMIT_MS = 480_000;
/** Milliseconds in which a machine that was told to ends by itself. */
const END_MS = 5_000;

const project = fileURLToPath(new URL('../../..', import.meta.url));
const cache = process.env.PORTILLON_VIRTUAL_GATE_CACHE ?? join(tmpdir(), 'portillon-virtual-gate');

await runSuite('virtual gate', 'VIRTUAL_GATE_JSON', async ({ folder, say, check, failures }) => {
  installPackages(say);
  const app = join(folder, 'app');
  stageApp(project, app, say);
  cpSync(join(project, 'test/virtual-gate/gate.yaml'), join(app, 'gate.yaml'));
  const image = await buildImage({ cache, app, progress: say });
  const powerOn = performance.now();
  const options = {
    run: 'node dist/test/virtual-gate/guest/agent.js',
    serials: [join(folder, 'uart.sock'), join(folder, 'agent.sock')],
    limit: LIMIT_MS,
  };
  await inMachine(image, options, async ([scanner, line], machine, died) => {
    if (!scanner || !line) throw new Error('the machine has no serial lines');
    const agent = new Agent(line);
    await Promise.race([agent.ready, died]);
    await Promise.race([scenario({ agent, scan: (code) => void scanner.write(`${code}\r`), check, powerOn }), died]);
    if (failures() > 0) say(`the gate's log ends with:\n${await agent.do('log')}`);
    agent.end();
    await Promise.race([machine.exited, new Promise((resolve) => setTimeout(resolve, END_MS))]);
  });
});
