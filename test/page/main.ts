import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram, installBroker } from '../../src/cli/demo/broker.js';
import type { Browser } from 'playwright-core';
import { chromiumOrInstall, launch, SHOTS } from './browser.js';
import { SCENARIOS } from './scenarios.js';

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** The page of a running gate in a real Chromium. `npm run test:page -- NAME` runs those whose name holds NAME. */
async function run(): Promise<void> {
  chromiumOrInstall();
  if (!findProgram('mosquitto')) installBroker();
  const wanted = process.argv[2];
  const browser: Browser = await launch();
  let passed = 0;
  let failed = 0;
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (wanted !== undefined && !name.includes(wanted)) continue;
    const folder = mkdtempSync(path.join(os.tmpdir(), 'portillon-page-'));
    const began = performance.now();
    const cleanups: (() => Promise<unknown>)[] = [];
    try {
      const note = await scenario({ browser, folder, main: MAIN, later: (f) => cleanups.push(f) });
      passed++;
      console.log(
        `ok    ${name}  ${((performance.now() - began) / 1000).toFixed(1)} s${note === undefined ? '' : `  (${note})`}`,
      );
    } catch (error) {
      failed++;
      console.log(`FAIL  ${name}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
    for (const f of cleanups.reverse()) await f().catch(() => {});
    rmSync(folder, { recursive: true, force: true });
  }
  await browser.close();
  console.log(`${readdirSync(SHOTS).length} screenshots in ${SHOTS}`);
  console.log(`${passed} passed, ${failed} failed`);
  if (process.env.PAGE_JSON) writeFileSync(process.env.PAGE_JSON, JSON.stringify({ passed, failed }));
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

await run();
