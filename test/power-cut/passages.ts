/**
 * The same with a turnstile that reports who walked: the gate is killed between decision, grant, passage and outcome, and people walk on
 * while it is dead. `npm run power-cut -- --passages --cycles 50 --seed 1`
 */
import path from 'node:path';
import type { Hardware } from '../../src/cli/demo/stage.js';
import { GateProcess, temporaryStage, writeConfig } from '../../src/cli/demo/stage.js';
import { TurnstileTwin } from '../../drivers/kit/turnstile-twin.js';
import { ModbusTwin } from '../../drivers/modbus/twin.js';
import { ScannerTwin } from '../../drivers/serial-scanner/twin.js';
import { LinkedPty } from '../../drivers/transport/pty.js';
import { seededRandom } from '../../src/clock.js';
import type { CheckRecord, JournalRecord, OutcomeRecord } from '../../src/domain/records.js';
import type { LaneEvent } from '../../src/lane/lane.js';
import { casesOf } from '../../src/simulator/model.js';
import { startSimulator } from '../../src/simulator/server.js';

export interface PassagesResult {
  cycles: number;
  scans: number;
  walked: number;
  outcomes: Record<string, number>;
  problems: string[];
}

/** How long a gate may take for anything on a machine that has other things to do, milliseconds. */
const PATIENCE = 180_000;
/** The turnstile waits this long for a person; the gate so much longer that a busy machine does not matter. Milliseconds. */
const WAIT = 600;
const PASSAGE_TIMEOUT = '3s';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A Modbus board with a turnstile behind it, as one device on a pseudo-terminal. */
function turnstileOn(wire: LinkedPty): TurnstileTwin {
  const board = new ModbusTwin(wire);
  const turnstile = new TurnstileTwin(
    { minPulse: 10, wait: WAIT, pass: 150, memory: 0 },
    {
      drive: (input, active) => {
        const contact = input === 'passA' ? 0 : 1;
        if (active) board.inputs.add(contact);
        else board.inputs.delete(contact);
      },
      later: (ms, action) => {
        const timer = setTimeout(action, ms);
        return () => clearTimeout(timer);
      },
      now: () => performance.now(),
    },
  );
  board.onCoil = (coil, on) => {
    if (coil === 0) turnstile.relay('grantA', on);
  };
  return turnstile;
}

export async function passages(
  cycles: number,
  seed: number,
  progress: (text: string) => void,
): Promise<PassagesResult> {
  const random = seededRandom(seed);
  const stage = temporaryStage();
  const simulator = await startSimulator({ port: 0, tickets: 4_000, seed, callsPerMinute: 0 });
  const [scannerWire, boardWire] = ['scanner', 'board'].map((name) => new LinkedPty(path.join(stage.folder, name))) as [
    LinkedPty,
    LinkedPty,
  ];
  const scanner = new ScannerTwin(scannerWire);
  const turnstile = turnstileOn(boardWire);
  const hardware: Hardware = {
    kind: 'pseudo-terminals',
    why: 'a scanner, and a turnstile behind a Modbus board',
    readers: [{ driver: 'serial-scanner', path: scannerWire.path, medium: 'barcode' }],
    barrier: {
      driver: 'modbus',
      path: boardWire.path,
      baudRate: 115_200,
      pulse: '30ms',
      poll: '20ms',
      outputs: { grantA: 0 },
      inputs: { passA: 0, passB: 1 },
    },
    close: () => {},
  };
  const config = writeConfig({
    secutixUrl: simulator.url,
    hardware,
    folder: stage.folder,
    callsPerMinute: 0,
    lane: { debounce: '0s', passageTimeout: PASSAGE_TIMEOUT },
  });
  const fresh = casesOf(simulator.model, 'P1', 'PERF1', 4_000).valid;
  const shown: string[] = [];
  const walked = new Map<string, number>();
  let scans = 0;

  const nextCode = (): string => {
    // Also those who are in already, and those whose grant nobody used.
    const again = random() < 0.4 ? shown.at(-1 - Math.floor(random() * 10)) : undefined;
    const code = again ?? fresh.pop();
    if (code === undefined) throw new Error('too few tickets for so many cycles');
    if (!shown.includes(code)) shown.push(code);
    return code;
  };
  /** Pushes until the arm turns or nobody will let this person in any more. */
  const walk = async (code: string, refused: () => boolean): Promise<void> => {
    for (let tries = 0; tries < 150 && !refused(); tries++) {
      if (turnstile.push('A')) {
        walked.set(code, (walked.get(code) ?? 0) + 1);
        return;
      }
      await sleep(10);
    }
  };

  try {
    for (let cycle = 1; cycle <= cycles; cycle++) {
      const gate = new GateProcess(config, stage.folder);
      await gate.until(
        (s) =>
          (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null &&
          s.lanes.every((l) => l.devices.every((d) => d.status.state === 'ready')),
        PATIENCE,
      );
      // What was on when the process died is off now, which the turnstile may take for a grant.
      while (!turnstile.atRest) await sleep(10);
      let answer: (event?: LaneEvent) => void = () => {};
      const stop = new AbortController();
      await gate.api.events('decision', (event) => answer(event), stop.signal);
      let dead = false;
      const killed = (async () => {
        await sleep(random() * 2_000);
        await gate.kill('SIGKILL');
        dead = true;
        answer();
      })();
      while (!dead) {
        const code = nextCode();
        let event: LaneEvent | undefined;
        const answered = new Promise<void>((resolve) => {
          answer = (told) => {
            event = told;
            resolve();
          };
        });
        const { unlocks } = turnstile;
        scans++;
        scanner.scan(code);
        // Some hesitate, some stay outside: the arm may turn before, while or after the gate dies.
        if (random() < 0.75) await sleep(random() * 300).then(() => walk(code, () => event?.admitted === false));
        await answered;
        // The arm has come round, and nobody stands in it, when the next one steps up.
        while (!dead && ((event?.admitted === true && turnstile.unlocks === unlocks) || !turnstile.atRest))
          await sleep(10);
      }
      await killed;
      stop.abort();
      await gate.stop();
      progress(`cycle ${cycle}/${cycles}: ${scans} scans, ${turnstile.people.A} people`);
    }
    const gate = new GateProcess(config, stage.folder);
    await gate.until((s) => s.journal.waiting === 0 && s.sync?.pull.lastError === null, PATIENCE);
    const journal = await gate.api.get<JournalRecord[]>('/journal?limit=10000');
    await gate.stop();
    return { cycles, scans, walked: turnstile.people.A, ...judge(journal, walked, simulator.controls()) };
  } finally {
    scannerWire.close();
    boardWire.close();
    await simulator.close();
    stage.remove();
  }
}

function judge(
  journal: readonly JournalRecord[],
  walked: ReadonlyMap<string, number>,
  reported: readonly { acIdentifier: string; barcode: string; controlResult: string }[],
): Pick<PassagesResult, 'outcomes' | 'problems'> {
  const problems: string[] = [];
  const outcomes: Record<string, number> = {};
  const outcomeOf = new Map<number, string>();
  for (const r of journal.filter((x): x is OutcomeRecord => x.kind === 'outcome')) {
    if (outcomeOf.has(r.of)) problems.push(`check ${r.of} has two outcomes`);
    outcomeOf.set(r.of, r.outcome);
    outcomes[r.outcome] = (outcomes[r.outcome] ?? 0) + 1;
  }
  const checks = journal.filter((r): r is CheckRecord => r.kind === 'check');
  const atSecutix = new Map(reported.map((r) => [r.acIdentifier, r]));
  if (atSecutix.size !== reported.length) problems.push('SecuTix counts a check twice');
  const entered = new Map<string, number>();
  for (const check of checks) {
    const outcome = outcomeOf.get(check.seq);
    if (check.admitted && outcome === undefined) problems.push(`${check.checkId} was never settled`);
    const counts = check.admitted && outcome !== 'not-passed';
    if (counts) entered.set(check.barcode, (entered.get(check.barcode) ?? 0) + 1);
    const there = atSecutix.get(check.checkId);
    if (!there) {
      // An admission that nobody used is not SecuTix's business unless the configuration says so.
      if (counts || !check.admitted) problems.push(`${check.checkId} never reached SecuTix`);
    } else if ((there.controlResult === 'OK') !== counts) {
      problems.push(`${check.checkId} (${outcome ?? 'refused'}) reached SecuTix as ${there.controlResult}`);
    }
  }
  for (const [code, n] of entered) if (n > 1) problems.push(`${code} counts as entered ${n} times`);
  for (const [code, n] of walked) {
    if (n > 1) problems.push(`${code} let ${n} people through`);
    if (!entered.has(code)) problems.push(`${code} walked through and counts as outside`);
  }
  for (const r of journal)
    if (r.kind === 'event' && r.what === 'forced')
      problems.push('a person who was admitted was taken for a gate-crasher');
  if (walked.size === 0) problems.push('nothing happened: nobody walked');
  return { outcomes, problems };
}
