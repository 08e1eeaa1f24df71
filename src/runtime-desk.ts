import type { Clock } from './clock.js';
import type { GateConfig } from './config/schema.js';
import type { DeskModel, ExplanationReport } from './diagnostics/desk-model.js';
import type { Condition } from './diagnostics/reports.js';
import type { Explanation } from './domain/explain.js';
import { wordsOf } from './domain/explain.js';
import type { Programme } from './domain/programme.js';
import { NO_PROGRAMME } from './domain/programme.js';
import { LANGUAGES } from './domain/reasons.js';
import { outside } from './domain/rules.js';
import { admissionTime } from './lane/admission-time.js';
import { ClockWatch } from './lane/clock-watch.js';
import { Desk } from './lane/desk.js';
import type { Reservations, Settlement } from './lane/reservations.js';
import { Stewarding } from './lane/stewarding.js';
import type { Log } from './log.js';
import type { LaneSet } from './runtime-lanes.js';
import { laneRules, programmeWith, ruleBook, rulesHash } from './runtime-rules.js';
import type { Journal } from './store/journal.js';
import type { TicketList } from './store/list.js';
import type { SyncStatus } from './sync/messages.js';

interface DeskOptions {
  config: GateConfig;
  clock: Clock;
  log: Log;
  journal: Journal;
  list: TicketList;
  reservations: Reservations;
  settlement: Settlement;
  sync: () => SyncStatus | undefined;
  lanes: () => LaneSet;
}

export interface DeskSet {
  desk: Desk;
  model: DeskModel;
  /** Called every few seconds: the clock, and whether the list is this gate's. */
  look(): Promise<void>;
  setCatalogue(programme: Programme): void;
  conditions(): Condition[];
  /** A performance that a lane admits now by the programme. */
  admitting(): string | undefined;
  /** The clock can be trusted, and whoever has SecuTix's word has heard it. */
  timeKnown(): boolean;
}

/** The place where decisions are made, with its clock and its stewards. */
export async function buildDesk(options: DeskOptions): Promise<DeskSet> {
  const { config, clock, log, journal, list, sync } = options;
  const book = ruleBook(config);
  const [newest] = await journal.latest(1);
  const watch = new ClockWatch({
    clock,
    log,
    journal,
    newest: newest?.at ?? 0,
    skew: () => sync()?.secutix.skewMs ?? null,
  });
  const lanes = config.lanes.map((lane) => laneRules(config, lane, book));
  const desk = new Desk({
    list,
    journal,
    reservations: options.reservations,
    clock: watch,
    log,
    lanes,
    book,
    listComplete: () => completeAt(sync()),
  });
  const setCatalogue = (programme: Programme): void => desk.setProgramme(programmeWith(config, programme, book.days));
  setCatalogue(NO_PROGRAMME);
  const stewarding = new Stewarding({
    desk,
    clock: watch,
    journal,
    settlement: options.settlement,
    config: rulesHash(config),
  });

  const report = (e: Explanation, language: string | undefined): ExplanationReport => {
    const words = LANGUAGES.find((l) => l === language) ?? config.gate.language;
    const local = book.days.zone.local(e.at);
    return {
      ...e,
      words: wordsOf(e, desk.rules(e.lane), words),
      localTime: `${local.date} ${local.time}`,
      timeZone: config.gate.timeZone,
    };
  };
  const model: DeskModel = {
    lanes: lanes.map((l) => l.lane),
    explain: ({ lane, code, at, language }) => report(desk.explain(lane, code, at), language),
    look: async ({ lane, code, language }, by) => {
      const { checkId, ...explanation } = await stewarding.look(lane, code, by);
      return { ...report(explanation, language), checkId };
    },
    force: async (lane, code, medium, by, block) => {
      const event = await options.lanes().force(lane, code, medium, by);
      if (block) await stewarding.block(code, true, by);
      return event;
    },
    giveBack: (code, checkId, by) => stewarding.giveBack(code, checkId, by),
    block: (code, blocked, by) => stewarding.block(code, blocked, by),
    choose: (lane, performances, { who, why }) => desk.choose(lane, performances, who, why),
    programme: () =>
      lanes.map((rules) => {
        const { lane, performances } = rules;
        const chosen = desk.chosen(lane);
        if (chosen) return { lane, by: 'choice', performances: chosen };
        if (performances === 'auto') return { lane, by: 'programme', performances: desk.open(watch.now()) };
        return { lane, by: 'configuration', performances: performances ?? null };
      }),
  };

  let searched = -1;
  /** Once for every change of the list: the first ticket that a lane admits ends its search, so a whole list is read only when it is foreign. */
  const searchForeign = async (): Promise<void> => {
    const { position } = list.find('', 'barcode');
    if (position === searched || position === 0) return;
    searched = position;
    for (const rules of lanes) {
      const { performances } = rules;
      const fixed = desk.chosen(rules.lane) ?? (performances === 'auto' ? undefined : performances);
      if (rules.products === undefined && fixed === undefined && rules.entrances === undefined) continue;
      const any = await list.some(
        (t) =>
          !outside(t.product, rules.products) &&
          !outside(t.performance, fixed) &&
          !outside(t.entrance, rules.entrances),
      );
      desk.setForeign(rules.lane, !any);
    }
  };

  return {
    desk,
    model,
    setCatalogue,
    // A gate of a venue never speaks to SecuTix: its own judgement has to do.
    timeKnown: () => !watch.doubtful && (config.venue.role === 'gate' || (sync()?.secutix.skewMs ?? null) !== null),
    look: async () => {
      watch.look();
      await searchForeign();
      options.lanes().refresh();
    },
    admitting: () => {
      const open = desk.open(watch.now()).map((code) => ({ code, product: desk.performance(code)?.product }));
      return admissionTime(lanes, (lane) => desk.chosen(lane), open);
    },
    conditions: () => {
      const { position } = list.find('', 'barcode');
      const now = watch.now();
      const found = lanes.flatMap((rules) => laneConditions(desk, rules.lane, position, now));
      const complaint = watch.complaint();
      const remedy = 'check NTP and the battery of the clock; it goes on by the last known time';
      if (complaint?.stepped !== undefined)
        found.push({
          severity: 'degraded',
          what: complaint.what,
          remedy,
          kind: 'clock-stepped',
          facts: { seconds: (complaint.stepped / 1000).toFixed(1) },
        });
      else if (complaint) found.push({ severity: 'degraded', what: complaint.what, remedy, kind: 'clock-doubtful' });
      return found;
    },
  };
}

function laneConditions(desk: Desk, lane: string, position: number, now: number): Condition[] {
  const rules = desk.rules(lane);
  const unarmed = desk.unarmed(lane, position);
  if (unarmed === 'empty')
    return [
      {
        severity: 'degraded',
        what: `${lane} is not ready: there is no ticket list yet`,
        remedy: 'it comes with the first pull from SecuTix; see the sync conditions',
        kind: 'list-empty',
        lane,
      },
    ];
  if (unarmed === 'foreign')
    return [
      {
        severity: 'degraded',
        what: `${lane} is not ready: no ticket of the list is for what it admits`,
        remedy: 'compare `lanes[].admits` with `secutix.scopes`, or choose what is on',
        kind: 'list-foreign',
        lane,
      },
    ];
  const { listAge } = desk.facts(lane, now, position);
  const { warnAfter, refuseAfter } = rules.staleList ?? {};
  if (rules.direction === 'exit') return [];
  const age = listAge === undefined ? 'was never complete' : `is ${Math.round(listAge / 60_000)} minutes old`;
  if (refuseAfter !== undefined && (listAge ?? Infinity) > refuseAfter)
    return [
      {
        severity: 'degraded',
        what: `${lane} admits nobody: the ticket list ${age}`,
        remedy: 'check the network to SecuTix, or raise staleList.refuseAfter',
        kind: 'list-too-old',
        lane,
      },
    ];
  if (warnAfter !== undefined && (listAge ?? Infinity) > warnAfter)
    return [
      {
        severity: 'degraded',
        what: `${lane}: the ticket list ${age}`,
        remedy: 'check the network to SecuTix',
        kind: 'lane-list-old',
        lane,
      },
    ];
  return [];
}

/** The list is as old as its oldest scope. */
function completeAt(sync: SyncStatus | undefined): number | undefined {
  if (!sync || sync.pull.scopes.length === 0) return undefined;
  let oldest = Infinity;
  for (const { completeAt: at } of sync.pull.scopes) {
    if (at === null) return undefined;
    oldest = Math.min(oldest, at);
  }
  return oldest;
}
