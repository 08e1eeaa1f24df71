import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { createPty } from '../../drivers/transport/pty.js';
import type { Pty } from '../../drivers/transport/pty.js';
import { GateProcess, temporaryStage } from '../../src/cli/demo/stage.js';
import type { LaneEvent } from '../../src/lane/lane.js';
import type { Programme } from '../../src/domain/programme.js';
import type { Reason } from '../../src/domain/reasons.js';
import { sentence } from '../../src/domain/reasons.js';
import type { Control } from '../../src/simulator/controls.js';
import type { Simulator } from '../../src/simulator/server.js';
import { SIMULATOR_DEFAULTS, startSimulator } from '../../src/simulator/server.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));
const READER = { barcode: 0, rfid: 1 } as const;
const DEADLINE = 60_000;

/** What a display on a wire shows, its commands taken out. */
class Display {
  readonly #pty: Pty = createPty();
  #text = '';
  readonly #watchers = new Set<() => void>();
  constructor() {
    this.#pty.onData((chunk) => {
      this.#text += Buffer.from(chunk).toString('latin1');
      for (const look of this.#watchers) look();
    });
  }
  get path(): string {
    return this.#pty.path;
  }
  forget(): void {
    this.#text = '';
  }
  async until(words: string): Promise<void> {
    const shown = (): string => this.#text.replace(/\x1bQ[A-D]|[\x00-\x1f@]/g, ' ').replace(/\s+/g, ' ');
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the display never said "${words}" but "${shown()}"`)), DEADLINE);
      const look = (): void => {
        if (!shown().includes(words)) return;
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }
  close(): void {
    this.#pty.close();
  }
}

/** A venue of two lanes: the first for PERF1 by entrance A, the second for PERF2. */
class Venue {
  simulator!: Simulator;
  readonly #stage = temporaryStage();
  readonly #displays: Record<string, Display> = { 'lane-1': new Display(), 'lane-2': new Display() };
  readonly #decisions: LaneEvent[] = [];
  #decided: () => void = () => {};
  readonly #end = new AbortController();
  gate!: GateProcess;
  config = path.join(this.#stage.folder, 'gate.yaml');

  async start(): Promise<void> {
    this.simulator = await startSimulator({ port: 0, tickets: 0, seed: 1, callsPerMinute: 0 });
    const { institution, operator, partner, secret } = SIMULATOR_DEFAULTS;
    const lane = (id: string, performance: string, more: object) => ({
      id,
      direction: 'entry',
      admits: { products: ['P1'], performances: [performance], ...more },
      debounce: '0s',
      readers: [
        { driver: 'virtual', medium: 'barcode' },
        { driver: 'virtual', medium: 'rfid' },
      ],
      barrier: { driver: 'virtual', pulse: '50ms' },
      indicator: { driver: 'text-display', path: this.#displays[id]?.path, columns: 40 },
    });
    const config = {
      gate: { id: 'g-1', name: 'Gate', timeZone: 'Europe/Zurich', language: 'en' },
      data: './data',
      secutix: {
        url: this.simulator.url,
        institution,
        operator,
        partner,
        secret,
        scopes: [{ season: 'S26', products: ['P1'] }],
        push: { every: '10m' },
        limits: { callsPerMinute: 0, exportEvery: '0s' },
      },
      rules: { defaults: { attend: [{ tariffs: ['CHILD'], text: { en: 'Look: child' } }] } },
      lanes: [lane('lane-1', 'PERF1', { entrances: ['A'] }), lane('lane-2', 'PERF2', {})],
    };
    writeFileSync(this.config, stringify(config), { mode: 0o600 });
    this.gate = new GateProcess(this.config, this.#stage.folder, MAIN);
    await this.gate.until((s) => (s.sync?.pull.scopes[0]?.completeAt ?? null) !== null, DEADLINE);
    await this.gate.until((s) => s.lanes.every((l) => l.devices.every((d) => d.status.state === 'ready')), DEADLINE);
    await this.gate.api.events(
      'decision',
      (event) => {
        this.#decisions.push(event);
        this.#decided();
      },
      this.#end.signal,
    );
  }

  /** SecuTix's news come to the gate, the gate's checks to SecuTix. */
  async sync(): Promise<void> {
    expect(await this.gate.api.post('/sync?what=all')).toEqual({ ok: true });
  }

  /** Presents a code; the decision, once the display has said why as well. */
  async present(
    code: string,
    medium: keyof typeof READER = 'barcode',
    lane = 'lane-1',
    words?: string,
  ): Promise<Reason> {
    const display = this.#displays[lane] as Display;
    await this.gate.until((s) => s.lanes.find((l) => l.id === lane)?.phase === 'ready', DEADLINE);
    display.forget();
    const before = this.#decisions.length;
    const decided = new Promise<void>((resolve) => {
      this.#decided = resolve;
    });
    await this.gate.api.post(`/lanes/${lane}/readers/${READER[medium]}/present`, code);
    await decided;
    const { reason, admitted } = this.#decisions[before] as LaneEvent;
    expect(admitted).toBe(reason === 'admitted');
    await display.until(words ?? sentence(reason, 'en'));
    return reason;
  }

  /** What SecuTix was told of a barcode. */
  async reported(barcode: string): Promise<Pick<Control, 'controlResult' | 'failureReason'>[]> {
    await this.sync();
    return this.simulator
      .controls()
      .filter((c) => c.barcode === barcode)
      .map(({ controlResult, failureReason }) => ({ controlResult, failureReason }));
  }

  get folder(): string {
    return this.#stage.folder;
  }

  /** The command line, as a technician uses it. */
  async portillon(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const run = promisify(execFile);
    const all = [MAIN, ...args, '--config', this.config];
    return run(process.execPath, all).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.gate.stop();
    await this.simulator.close();
    for (const display of Object.values(this.#displays)) display.close();
    this.#stage.remove();
  }
}

const OK = { controlResult: 'OK', failureReason: 'OK' };
const FAIL = { controlResult: 'FAIL', failureReason: null };

describe('the acceptance list', { timeout: 180_000 }, () => {
  const venue = new Venue();
  beforeAll(() => venue.start(), 120_000);
  afterAll(() => venue.stop(), 60_000);
  const ticket = { entranceCode: 'A' };
  const sell = (barcode: string, more: object = {}): unknown =>
    venue.simulator.model.sell({ ...ticket, ...more, barcode });
  const { present } = { present: venue.present.bind(venue) };

  it('a ticket sold is accepted, once; the same one again is already used', async () => {
    sell('SOLD-0001');
    await venue.sync();
    expect(await present('SOLD-0001')).toBe('admitted');
    expect(await present('SOLD-0001')).toBe('already-used');
    expect(await venue.reported('SOLD-0001')).toEqual([OK, FAIL]);
  });

  it('a reprint: the old code is refused, the new one accepted', async () => {
    sell('PRINT-OLD');
    await venue.sync();
    venue.simulator.state.scenarios.reprint('PRINT-OLD', 'PRINT-NEW');
    await venue.sync();
    expect(await present('PRINT-OLD')).toBe('cancelled');
    expect(await present('PRINT-NEW')).toBe('admitted');
    expect(await venue.reported('PRINT-OLD')).toEqual([FAIL]);
    expect(await venue.reported('PRINT-NEW')).toEqual([OK]);
  });

  it('an exchange: the old ticket is refused, the new one accepted', async () => {
    sell('EXCH-OLD', { performanceCode: 'PERF2' });
    await venue.sync();
    venue.simulator.state.scenarios.exchange('EXCH-OLD', 'EXCH-NEW', { performanceCode: 'PERF1' });
    await venue.sync();
    expect(await present('EXCH-OLD', 'barcode', 'lane-2')).toBe('cancelled');
    expect(await present('EXCH-NEW')).toBe('admitted');
    expect(await venue.reported('EXCH-NEW')).toEqual([OK]);
  });

  it('a refund is refused', async () => {
    sell('REFUND-1');
    await venue.sync();
    venue.simulator.state.scenarios.refund('REFUND-1');
    await venue.sync();
    expect(await present('REFUND-1')).toBe('cancelled');
    expect(await venue.reported('REFUND-1')).toEqual([FAIL]);
  });

  it('posted for resale is refused before it is sold; the buyer’s code is accepted', async () => {
    sell('SELLER-1');
    await venue.sync();
    venue.simulator.state.scenarios.postForResale('SELLER-1');
    await venue.sync();
    expect(await present('SELLER-1')).toBe('cancelled');
    venue.simulator.state.scenarios.sellPosted('SELLER-1', 'BUYER-1');
    await venue.sync();
    expect(await present('SELLER-1')).toBe('cancelled');
    expect(await present('BUYER-1')).toBe('admitted');
    expect(await venue.reported('BUYER-1')).toEqual([OK]);
  });

  it('a season card, one match cancelled: refused for that match alone', async () => {
    venue.simulator.state.scenarios.seasonCard('CARD-C', { PERF1: 'C-M1', PERF2: 'C-M2' }, ticket);
    venue.simulator.state.scenarios.cancelMatch('CARD-C', 'PERF1');
    await venue.sync();
    expect(await present('CARD-C', 'rfid')).toBe('cancelled');
    expect(await present('CARD-C', 'rfid', 'lane-2')).toBe('admitted');
    expect(await venue.reported('C-M1')).toEqual([FAIL]);
    expect(await venue.reported('C-M2')).toEqual([OK]);
  });

  it('a season card, a match added: accepted for it, and its barcode is reported', async () => {
    venue.simulator.state.scenarios.seasonCard('CARD-A', { PERF2: 'A-M2' }, ticket);
    await venue.sync();
    expect(await present('CARD-A', 'rfid')).toBe('wrong-event');
    venue.simulator.state.scenarios.addMatch('CARD-A', 'PERF1', 'A-M1', ticket);
    await venue.sync();
    expect(await present('CARD-A', 'rfid')).toBe('admitted');
    expect(await venue.reported('A-M1')).toEqual([OK]);
  });

  it('a season card, one match resold or printed: the card is refused for it, the other code accepted', async () => {
    for (const cause of ['RESALE_SOLD', 'PRINTED_AS_TICKET']) {
      const card = `CARD-${cause}`;
      venue.simulator.state.scenarios.seasonCard(card, { PERF1: `${cause}-M1`, PERF2: `${cause}-M2` }, ticket);
      await venue.sync();
      venue.simulator.state.scenarios.detachMatch(card, 'PERF1', `${cause}-NEW`, cause);
      await venue.sync();
      expect(await present(card, 'rfid')).toBe('cancelled');
      expect(await present(`${cause}-NEW`)).toBe('admitted');
      expect(await present(card, 'rfid', 'lane-2')).toBe('admitted');
      expect(await venue.reported(`${cause}-NEW`)).toEqual([OK]);
    }
  });

  it('a season card refunded is refused for all matches', async () => {
    venue.simulator.state.scenarios.seasonCard('CARD-R', { PERF1: 'R-M1', PERF2: 'R-M2' }, ticket);
    await venue.sync();
    venue.simulator.state.scenarios.refundCard('CARD-R');
    await venue.sync();
    expect(await present('CARD-R', 'rfid')).toBe('cancelled');
    expect(await present('CARD-R', 'rfid', 'lane-2')).toBe('cancelled');
    expect(await venue.reported('R-M1')).toEqual([FAIL]);
    expect(await venue.reported('R-M2')).toEqual([FAIL]);
  });

  it('a season card reprinted: the old card is refused, the new one accepted', async () => {
    venue.simulator.state.scenarios.seasonCard('CARD-P', { PERF1: 'P-M1' }, ticket);
    await venue.sync();
    venue.simulator.state.scenarios.reprintCard('CARD-P', 'CARD-P2');
    await venue.sync();
    expect(await present('CARD-P', 'rfid')).toBe('no-valid-ticket-in-container');
    expect(await present('CARD-P2', 'rfid')).toBe('admitted');
    expect(await venue.reported('P-M1')).toEqual([OK]);
  });

  it('a reduced tariff is accepted, and the display says so to the staff', async () => {
    sell('CHILD-1', { audienceSubCategoryCode: 'CHILD' });
    await venue.sync();
    expect(await present('CHILD-1', 'barcode', 'lane-1', 'Look: child')).toBe('admitted');
    const { tickets } = await venue.gate.api.get<{ tickets: { ticket: { tariff?: string } }[] }>('/ticket/CHILD-1');
    expect(tickets[0]?.ticket.tariff).toBe('CHILD');
    expect(await venue.reported('CHILD-1')).toEqual([OK]);
  });

  it('the wrong entrance, an unknown code, a card nobody knows', async () => {
    sell('WRONG-B', { entranceCode: 'B' });
    await venue.sync();
    expect(await present('WRONG-B')).toBe('wrong-entrance');
    expect(await present('NOBODY-KNOWS')).toBe('unknown');
    expect(await present('NO-CARD', 'rfid')).toBe('unknown');
    expect(await venue.reported('WRONG-B')).toEqual([FAIL]);
    expect(await venue.reported('NOBODY-KNOWS')).toEqual([FAIL]);
  });

  it('both systems know the same checks in the end', async () => {
    await venue.sync();
    const status = await venue.gate.until((s) => s.journal.waiting === 0, DEADLINE);
    const journal =
      await venue.gate.api.get<{ kind: string; barcode?: string; admitted?: boolean }[]>('/journal?limit=10000');
    const local = journal.filter((r) => r.kind === 'check').map((r) => `${r.barcode} ${r.admitted ? 'OK' : 'FAIL'}`);
    const remote = venue.simulator.controls().map((c) => `${c.barcode} ${c.controlResult}`);
    expect(remote.sort()).toEqual(local.sort());
    expect(venue.simulator.controls().every((c) => c.received === 1)).toBe(true);
    expect(venue.simulator.stats().alarms).toEqual([]);
    expect(status.sync?.pull.warnings).toEqual([]);
  });

  it('the help desk sees both sides, and the programme', async () => {
    const ticket = await venue.portillon('ticket', 'SOLD-0001', '--remote');
    expect(ticket.stdout).toContain('SecuTix on SOLD-0001: VALID');
    expect(ticket.stdout).toMatch(/Z {2}OK\n.*FAIL/s);
    const catalogue = await venue.portillon('catalogue', '--refresh', '--json');
    const programme = JSON.parse(catalogue.stdout) as Programme;
    expect(programme.performances).toContainEqual(
      expect.objectContaining({ code: 'PERF1', season: 'S26', product: 'P1', start: expect.any(Number) as number }),
    );
    const status = await venue.portillon('status');
    expect(status.stdout).toContain('people are being admitted');
    expect(status.stdout).toMatch(/events {3}\d+ performances/);
  });

  it('the whole list read anew is the same; a ticket that was lost is found, and one that is no more goes', async () => {
    const verify = await venue.portillon('list', 'verify');
    expect([verify.code, verify.stdout]).toEqual([0, expect.stringContaining('the list is what SecuTix has')]);
    // Tickets the feed never told of: SecuTix has one more, and knows nothing of another one.
    sell('UNSEEN-1');
    const { model } = venue.simulator;
    await venue.sync();
    model.forget('UNSEEN-1');
    const lost = await venue.portillon('list', 'verify', '--json');
    expect(JSON.parse(lost.stdout)).toMatchObject({
      vanished: 1,
      swapped: false,
      examples: { vanished: ['UNSEEN-1'] },
    });
    expect(lost.code).toBe(3);
    expect(await present('UNSEEN-1')).toBe('admitted');
    const resync = await venue.portillon('list', 'resync');
    expect([resync.code, resync.stdout]).toEqual([0, expect.stringContaining('the new list is in force')]);
    expect(await present('UNSEEN-1')).toBe('unknown');
    expect(await present('SOLD-0001')).toBe('already-used');
  });

  it('lists by file: a bad line stops all, good ones are taken on request, a black list wins', async () => {
    const file = path.join(venue.folder, 'white.csv');
    writeFileSync(
      file,
      'FILE-0001;S26;P1;0;FALSE;FALSE;;;A\n\n007;S26;P1\nFILE-0002;S26\nFILE-0003;S26;P1;0;perhaps\n',
    );
    const refused = await venue.portillon('list', 'import', file);
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('line 4: no product code') as string });
    expect(refused.stdout).toContain('line 5: reduced_price is "perhaps"');
    expect(await present('FILE-0001')).toBe('unknown');
    expect((await venue.portillon('list', 'import', file, '--skip-bad')).code).toBe(0);
    expect(await present('FILE-0001')).toBe('admitted');
    // A leading zero is part of a code.
    expect(await present('7')).toBe('unknown');
    expect(await present('007')).toBe('admitted');
    // It outlives a resynchronisation: SecuTix knows nothing of it.
    expect((await venue.portillon('list', 'resync')).code).toBe(0);
    expect(await present('FILE-0001')).toBe('already-used');
    const black = path.join(venue.folder, 'black.csv');
    sell('STOLEN-1');
    await venue.sync();
    writeFileSync(black, 'STOLEN-1;STOLEN;S26;P1;\n');
    // Taken for a white list, it would make the stolen ticket valid.
    const mistaken = await venue.portillon('list', 'import', black);
    expect(mistaken).toMatchObject({ code: 1, stdout: expect.stringContaining('a line of a black list') as string });
    expect((await venue.portillon('list', 'import', black, '--kind', 'black')).code).toBe(0);
    expect(await present('STOLEN-1')).toBe('black-listed');
    const out = path.join(venue.folder, 'out.csv');
    expect((await venue.portillon('list', 'export', out)).code).toBe(0);
    const lines = readFileSync(out, 'utf8').split('\n');
    expect(lines).toContain('FILE-0001;S26;P1;0;FALSE;FALSE;;;A');
    expect(lines.some((l) => l.startsWith('STOLEN-1'))).toBe(false);
    expect((await venue.portillon('list', 'export', out, '--kind', 'black')).code).toBe(0);
    expect(readFileSync(out, 'utf8')).toContain('STOLEN-1;STOLEN;S26;P1;');
    expect(readFileSync(out, 'utf8')).toContain('REFUND-1;CANCELLED;S26;P1;');
  });

  it('checks go out by file, and are compared with SecuTix’s own history', async () => {
    await venue.sync();
    const out = path.join(venue.folder, 'checks.csv');
    expect((await venue.portillon('journal', 'export', out)).code).toBe(0);
    expect(
      readFileSync(out, 'utf8')
        .trim()
        .split('\n')
        .map((l) => l.split(';')[0])
        .sort(),
    ).toEqual(
      venue.simulator
        .controls()
        .map((c) => c.acIdentifier)
        .sort(),
    );
    expect((await venue.portillon('journal', 'export', out, '--waiting')).stdout).toContain('0 check(s)');
    const codes = path.join(venue.folder, 'codes');
    // A code that neither side knows is no difference.
    await present('NOBODY-KNOWS-IT');
    await venue.sync();
    writeFileSync(codes, 'SOLD-0001\nPRINT-NEW\nNOBODY-KNOWS-IT\n');
    const same = await venue.portillon('reconcile', '--codes', codes);
    expect([same.code, same.stdout]).toEqual([0, expect.stringContaining('all as SecuTix has it')]);
    venue.simulator.state.controls.drop('PRINT-NEW');
    const differs = await venue.portillon('reconcile', '--codes', codes, '--json');
    expect(differs.code).toBe(3);
    expect(JSON.parse(differs.stdout)).toMatchObject({
      asked: 3,
      differences: [{ barcode: 'PRINT-NEW', found: [{ kind: 'missing' }] }],
    });
    // Without SecuTix's word nothing is compared, and nothing is said to be the same.
    venue.simulator.faults.errors = 1_000;
    const unanswered = await venue.portillon('reconcile', '--codes', codes);
    venue.simulator.faults.errors = 0;
    expect([unanswered.code, unanswered.stdout]).toEqual([1, expect.stringContaining('ended early')]);
    expect(unanswered.stdout).not.toContain('all as SecuTix has it');
  });
});
