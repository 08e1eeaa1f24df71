/**
 * Kills the gate's process (SIGKILL) at random moments while a crowd presses through, starts it again, and looks whether
 * anything was lost or anybody got in twice. `npm run power-cut -- --cycles 50 --seed 1`
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { encodeRelay } from '../../drivers/serial-relay/codec.js';
import { createHardware, GateProcess, temporaryStage, writeConfig } from '../../src/cli/demo/stage.js';
import type { GateApi } from '../../src/cli/gate-api.js';
import { seededRandom } from '../../src/clock.js';
import type { CheckRecord, JournalRecord } from '../../src/domain/records.js';
import type { LaneEvent } from '../../src/lane/lane.js';
import { casesOf } from '../../src/simulator/model.js';
import { startSimulator } from '../../src/simulator/server.js';
import { passages } from './passages.js';

/** How long a gate may take for anything on a machine that has other things to do, milliseconds. */
const PATIENCE = 180_000;
/** A gate that is ready lives this long, at most, milliseconds. */
const WITHIN = 400;
/** A relay that no lane uses. */
const MARK = 8;

export interface PowerCutResult {
  cycles: number;
  scans: number;
  pulses: number;
  checks: number;
  repeats: number;
  problems: string[];
}

export async function powerCut(
  cycles: number,
  seed: number,
  progress: (text: string) => void,
  within = WITHIN,
): Promise<PowerCutResult> {
  const random = seededRandom(seed);
  const stage = temporaryStage();
  // A cycle takes a handful of fresh tickets; a third of all are for what is on.
  const tickets = 4_000 + 30 * cycles;
  const simulator = await startSimulator({ port: 0, tickets, seed, callsPerMinute: 0 });
  const hardware = createHardware(stage.folder, '20ms');
  const { wires } = hardware;
  if (!wires) throw new Error(`this test needs pseudo-terminals: ${hardware.why}`);
  const config = writeConfig({ secutixUrl: simulator.url, hardware, folder: stage.folder, callsPerMinute: 0 });
  const fresh = casesOf(simulator.model, 'P1', 'PERF1', tickets).valid;
  const pulsesOf = new Map<string, number>();
  const shown: string[] = [];
  let scans = 0;
  let last: string | undefined;

  /** Pulses since the last look belong to the code that was in front of the reader. */
  let counted = 0;
  const attribute = (code: string): void => {
    const news = wires.relay.pulses - counted;
    counted = wires.relay.pulses;
    if (news > 0) pulsesOf.set(code, (pulsesOf.get(code) ?? 0) + news);
  };
  /** What the dead process had written may still be in the kernel: a command behind it tells when it has come through. */
  const drained = async (): Promise<void> => {
    const marks = (): number => wires.relay.changes.filter((c) => c.channel === MARK).length;
    const before = marks();
    writeFileSync(wires.relayPath, encodeRelay(MARK, false));
    await wires.relay.until(() => marks() > before);
  };
  const nextCode = (): string => {
    // A third of the crowd tries a code that was shown before, also just before a cut.
    const again =
      random() < 0.33 && shown.length > 1
        ? shown[shown.length - 1 - Math.floor(random() * Math.min(20, shown.length))]
        : undefined;
    const code = again !== undefined && again !== last ? again : fresh.pop();
    if (code === undefined) throw new Error('too few tickets for so many cycles');
    if (!shown.includes(code)) shown.push(code);
    last = code;
    return code;
  };

  try {
    for (let cycle = 1; cycle <= cycles; cycle++) {
      const gate = new GateProcess(config, stage.folder);
      await gate.until((s) => (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null && s.health !== 'down', PATIENCE);
      let answer: (event?: LaneEvent) => void = () => {};
      const stop = new AbortController();
      await gate.api.events('decision', (event) => answer(event), stop.signal);
      let dead = false;
      const killed = new Promise<void>((resolve) => {
        setTimeout(() => void gate.kill('SIGKILL').then(() => resolve()), random() * within);
      }).then(() => {
        dead = true;
        answer();
      });
      while (!dead) {
        const code = nextCode();
        const answered = new Promise<LaneEvent | undefined>((resolve) => {
          answer = resolve;
        });
        scans++;
        wires.barcode.scan(code);
        const event = await answered;
        // The event and the relay's byte come by different ways: wait for the pulse that an admission means.
        if (event?.admitted) await Promise.race([wires.relay.until(() => wires.relay.pulses > counted), killed]);
        if (dead) await drained();
        attribute(code);
      }
      await killed;
      stop.abort();
      await gate.stop();
      progress(`cycle ${cycle}/${cycles}: ${scans} scans, ${wires.relay.pulses} pulses`);
    }
    const gate = new GateProcess(config, stage.folder);
    const status = await gate.until((s) => s.journal.waiting === 0 && s.sync?.pull.lastError === null, PATIENCE);
    const journal = await wholeJournal(gate.api);
    await gate.stop();
    return judge(cycles, scans, pulsesOf, wires.relay.pulses, journal, status.journal.lastSeq, simulator.controls());
  } finally {
    hardware.close();
    await simulator.close();
    stage.remove();
  }
}

async function wholeJournal(api: GateApi): Promise<JournalRecord[]> {
  const all: JournalRecord[] = [];
  for (;;) {
    const more = await api.get<JournalRecord[]>(`/journal?after=${all.at(-1)?.seq ?? 0}&limit=2000`);
    if (more.length === 0) return all;
    all.push(...more);
  }
}

interface Reported {
  acIdentifier: string;
  barcode: string;
  controlResult: string;
  received: number;
}

function judge(
  cycles: number,
  scans: number,
  pulsesOf: ReadonlyMap<string, number>,
  pulses: number,
  journal: readonly JournalRecord[],
  lastSeq: number,
  reported: readonly Reported[],
): PowerCutResult {
  const problems: string[] = [];
  const checks = journal.filter((r): r is CheckRecord => r.kind === 'check');
  if (journal.length !== lastSeq || journal.some((r, i) => r.seq !== i + 1))
    problems.push('the sequence of the journal has a gap');
  const admitted = new Map<string, number>();
  for (const check of checks) if (check.admitted) admitted.set(check.barcode, (admitted.get(check.barcode) ?? 0) + 1);
  for (const [code, n] of pulsesOf) {
    if (n > 1) problems.push(`${code} opened the barrier ${n} times`);
    if (!admitted.has(code)) problems.push(`${code} opened the barrier and has no check`);
  }
  for (const [code, n] of admitted) if (n > 1) problems.push(`${code} was admitted ${n} times`);
  const atSecutix = new Map(reported.map((r) => [r.acIdentifier, r]));
  if (atSecutix.size !== reported.length) problems.push('SecuTix counts a check twice');
  for (const check of checks) {
    const there = atSecutix.get(check.checkId);
    if (!there) problems.push(`${check.checkId} never reached SecuTix`);
    else if (there.barcode !== check.barcode || (there.controlResult === 'OK') !== check.admitted)
      problems.push(`${check.checkId} reached SecuTix as something else`);
  }
  if (reported.length > checks.length) problems.push('SecuTix knows more checks than the journal');
  if (checks.length === 0 || pulses === 0) problems.push('nothing happened: the test saw no check or no pulse');
  const repeats = reported.reduce((n, r) => n + r.received - 1, 0);
  return { cycles, scans, pulses, checks: checks.length, repeats, problems };
}

if (process.argv[1]?.endsWith('kill.js')) {
  const { values } = parseArgs({
    options: {
      cycles: { type: 'string', default: '50' },
      seed: { type: 'string', default: '1' },
      passages: { type: 'boolean', default: false },
      within: { type: 'string', default: String(WITHIN) },
    },
  });
  const [cycles, seed] = [Number(values.cycles), Number(values.seed)];
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const result = values.passages
    ? await passages(cycles, seed, say)
    : await powerCut(cycles, seed, say, Number(values.within));
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exitCode = result.problems.length === 0 ? 0 : 1;
}
