import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { GateProcess, temporaryStage, writeConfig } from '../../src/cli/demo/stage.js';
import { systemClock } from '../../src/clock.js';
import type { Page, PageItem } from '../../src/domain/ticket.js';
import { silentLog } from '../../src/log.js';
import { createSecutixClient } from '../../src/secutix/client.js';
import { defaultSettings } from '../../src/secutix/settings.js';
import { SIMULATOR_DEFAULTS, startSimulator } from '../../src/simulator/server.js';
import type { NewRecord } from '../../src/store/journal.js';
import { Journal } from '../../src/store/journal.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { SyncState } from '../../src/store/sync-state.js';
import { pushAll } from '../../src/sync/push.js';
import type { BesideFigures } from './beside.js';
import { benchBeside } from './beside.js';
import { fillList } from './decision.js';
import { createBench, startRemoteSimulator } from './gate.js';
import type { Quantiles } from './measure.js';
import { quantiles } from './measure.js';

const DELTA = 5_000;
const ROUNDS = 20;

export interface SyncFigures {
  importSeconds: number;
  /** Highest resident memory of the whole process, from the kernel's own count. */
  peakMb: number;
  /** One grey delta of 5,000 lines into the full list, written and synced. */
  delta: Quantiles;
  beside: BesideFigures;
}

/** First import over REST with the limiter off, then deltas into a list of that size. */
export async function benchSync(tickets: number, log: (text: string) => void): Promise<SyncFigures> {
  log(`simulator with ${tickets} tickets ...`);
  const simulator = await startRemoteSimulator(tickets, 0);
  const stage = temporaryStage();
  const bench = await createBench(stage.folder);
  const { hardware } = bench;
  try {
    log('first import, limiter off ...');
    const config = writeConfig({ secutixUrl: simulator.url, hardware, folder: stage.folder, callsPerMinute: 0 });
    const began = performance.now();
    const gate = new GateProcess(config, stage.folder);
    await gate.until((s) => (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null, 600_000);
    const importSeconds = (performance.now() - began) / 1000;
    const status = readFileSync(`/proc/${gate.pid}/status`, 'utf8');
    const peakMb = Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1000;
    log('scans of a lane while deltas come ...');
    const beside = await benchBeside(gate, bench, simulator.url, tickets);
    await gate.stop();
    return { importSeconds, peakMb, beside, delta: await benchDelta(tickets, log) };
  } finally {
    simulator.stop();
    hardware.close();
    stage.remove();
  }
}

async function benchDelta(tickets: number, log: (text: string) => void): Promise<Quantiles> {
  log(`${ROUNDS} deltas of ${DELTA} lines into ${tickets} tickets ...`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portillon-bench-'));
  await fillList(folder, tickets);
  const list = await ListWriter.open(folder);
  const samples: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const page = deltaOf(tickets, round);
    const began = performance.now();
    await list.applyPage('bench', page, null);
    samples.push(performance.now() - began);
  }
  await list.close();
  rmSync(folder, { recursive: true, force: true });
  return quantiles(samples);
}

/** Half of the lines VALID, each followed by its CANCELLED, spread over the whole list. */
function deltaOf(tickets: number, round: number): Page {
  const items: PageItem[] = [];
  for (let n = 0; n < DELTA / 2; n++) {
    const i = (n * 397 + round * 7919) % tickets;
    const barcode = String((i * 48_271) % 1_000_003).padStart(10, '0') + String(i).padStart(10, '0');
    const ticket = { barcode, season: 'S26', product: 'P1', performance: 'PERF1', tariff: 'ADULT' };
    items.push({ kind: 'ticket', ticket: { ...ticket, state: 'VALID' } });
    items.push({ kind: 'ticket', ticket: { ...ticket, state: 'CANCELLED', cancellationCause: `REFUND-${round}` } });
  }
  return { items, cursor: `delta-${round}`, counted: DELTA / 2 };
}

const WAITING = 10_000;
const BATCH = 500;

export interface PushFigures {
  seconds: number;
  /** What the limit leaves: one call a second from the first on. */
  floorSeconds: number;
  calls: number;
  /** The same with the limiter off. */
  unlimitedSeconds: number;
}

/** 10,000 waiting admissions, as after an outage. */
export async function benchPush(log: (text: string) => void): Promise<PushFigures> {
  const once = async (callsPerMinute: number): Promise<{ seconds: number; calls: number }> => {
    const simulator = await startSimulator({ port: 0, tickets: 10, seed: 1, callsPerMinute });
    const folder = mkdtempSync(path.join(os.tmpdir(), 'portillon-bench-'));
    const journal = await Journal.open(`${folder}/journal`, 'bench');
    const state = await SyncState.open(`${folder}/sync`);
    const client = createSecutixClient(
      defaultSettings({ url: simulator.url, ...SIMULATOR_DEFAULTS, limits: { callsPerMinute, exportEveryMs: 0 } }),
      {
        clock: systemClock,
        random: Math.random,
        log: silentLog,
        limiterStore: { load: () => state.loadLimiter(), save: (s) => state.saveLimiter(s) },
      },
    );
    await Promise.all(Array.from({ length: WAITING }, (_, i) => journal.append(admission(i))));
    const began = performance.now();
    await pushAll(
      {
        client,
        state,
        clock: systemClock,
        source: (after, limit) => journal.checksAfter(after, limit, journal.lastSeq),
        onAcknowledged: () => {},
        onRejected: () => {},
      },
      { batch: BATCH, signal: new AbortController().signal },
    );
    const seconds = (performance.now() - began) / 1000;
    const { length } = simulator.controls();
    if (length !== WAITING) throw new Error(`${length} of ${WAITING} checks arrived`);
    const calls = simulator.stats().importBatches.length;
    await client.close();
    await Promise.all([journal.close(), state.close(), simulator.close()]);
    rmSync(folder, { recursive: true, force: true });
    return { seconds, calls };
  };
  log(`${WAITING} waiting checks, 60 calls a minute (about 20 s) ...`);
  const limited = await once(60);
  const { seconds: unlimitedSeconds } = await once(0);
  // The window of a minute is half a second wider than a minute (see the limiter).
  return { ...limited, floorSeconds: ((limited.calls - 1) * 60.5) / 60, unlimitedSeconds };
}

const admission = (i: number): NewRecord => ({
  kind: 'check',
  at: 1_800_000_000_000 + i,
  lane: 'l',
  direction: 'entry',
  credential: { code: `b${i}`, medium: 'barcode' },
  barcode: `b${i}`,
  admitted: true,
  reason: 'admitted',
  slot: 'PERF1',
  list: '1',
  config: 'c',
});
