import type { Answer, Claim, ReportedCheck } from '../../src/venue/claim-types.js';
import type { HubChange } from '../../src/venue/claim-hub.js';
import { answerClaim, endClaim, takeCheck } from '../../src/venue/claim-hub.js';
import type { ClaimState, Policy } from '../../src/venue/claim-gate.js';
import { ASKED, claimStep, withoutHub } from '../../src/venue/claim-gate.js';
import type { Disk } from './model-disk.js';
import { applyTo, cloneDisk, diskKey, emptyDisk, memoryOf, TICKET } from './model-disk.js';
import type { Explored } from './search.js';
import { search } from './search.js';

/**
 * A small venue, explored in every interleaving: two gates, one ticket, a hub. A message that was sent once may arrive at
 * any time from then on, in any order, never, once or often: loss, delay, overtaking, repeats and duplicates without any
 * bound. The hub may lose its memory at any moment and come back with its disk; a gate may crash while it waits. The
 * functions that run are the ones of `src/venue`.
 */
export interface Scenario {
  policy: Policy;
  /** Presentations of the ticket at each gate, one after the other. */
  presentations: readonly [number, number];
  /** Gate 0 is the ticket's home. */
  home?: boolean;
  hubCrashes: number;
  gateCrashes?: number;
  /** Whoever is admitted may turn round: the passage ends later, and an entry that was none is given back. */
  passages?: true;
  break?:
    | 'forgets-what-was-granted'
    | 'give-back-before-durable'
    | 'no-deadline'
    | 'late-answer-admits'
    | 'answer-before-durable'
    | 'no-idempotence-key'
    | 'no-home-agreement';
}

interface Gate {
  /** Presentations still to come. */
  left: number;
  /** Claims made so far, and the state of the last one. */
  made: number;
  claim: ClaimState | null;
  /** Checks of its journal: durable, in order. */
  journal: { id: string; admitted: boolean; risk?: 'budget' | 'home'; open?: true }[];
  /** The home gates' word to the hub, durable: used elsewhere. */
  notes: string[];
  riskMade: number;
}
type Message =
  | { to: 'hub'; kind: 'claim'; gate: number; id: string }
  | { to: 'hub'; kind: 'end'; id: string }
  /** `noted`: the home gate asks what became of what it wrote down. */
  | { to: 'hub'; kind: 'agreed' | 'used-here' | 'noted'; id: string }
  | { to: number; kind: 'answer'; id: string; answer: Answer }
  | { to: number; kind: 'notice'; id: string };
interface Hub {
  memory: Disk;
  disk: Disk;
  /** Answers that wait for the disk. */
  waiting: { to: number; id: string; answer: Answer }[];
  /** The claim whose home gate is being asked: the ticket is held until it has answered. */
  asking: string | null;
}
export interface State {
  gates: [Gate, Gate];
  hub: Hub;
  messages: Message[];
  hubCrashes: number;
  gateCrashes: number;
}

/** What is changed in place by a step is copied; the rest is shared. */
const clone = (s: State): State => ({
  ...s,
  gates: s.gates.map((g) => ({ ...g, journal: [...g.journal], notes: [...g.notes] })) as [Gate, Gate],
  hub: { ...s.hub, memory: cloneDisk(s.hub.memory), waiting: [...s.hub.waiting] },
  messages: [...s.messages],
});
/** What is open may still end either way. */
const admissions = (s: State): { gate: number; id: string; risk?: string }[] =>
  s.gates.flatMap((g, gate) => g.journal.filter((c) => c.admitted && !c.open).map((c) => ({ gate, ...c })));

export function explore(scenario: Scenario, limit = 400_000): Explored {
  const gate = (left: number): Gate => ({ left, made: 0, claim: null, journal: [], notes: [], riskMade: 0 });
  const first: State = {
    gates: [gate(scenario.presentations[0]), gate(scenario.presentations[1])],
    hub: { memory: emptyDisk(), disk: emptyDisk(), waiting: [], asking: null },
    messages: [],
    hubCrashes: scenario.hubCrashes,
    gateCrashes: scenario.gateCrashes ?? 0,
  };
  return search(
    { first, keyOf, steps: (state) => steps(state, scenario), wrong: (state) => wrong(state, scenario) },
    limit,
  );
}

function keyOf(s: State): string {
  const { memory, disk: onDisk, waiting, asking } = s.hub;
  return JSON.stringify([
    s.gates.map((g) => [g.left, g.made, g.claim?.phase, g.journal, g.notes, g.riskMade]),
    diskKey(memory),
    diskKey(onDisk),
    waiting.map((w) => `${w.to}${w.id}${w.answer.result}`).sort(),
    asking,
    s.messages.map((m) => `${m.to}${m.kind}${m.id}${'answer' in m ? m.answer.result : ''}`).sort(),
    s.hubCrashes,
    s.gateCrashes,
  ]);
}

function send(to: State, message: Message): void {
  const text = JSON.stringify(message);
  if (!to.messages.some((m) => JSON.stringify(m) === text)) to.messages.push(message);
}

/** What must hold in every state; and what must hold when all journals are delivered, whatever messages may still come. */
function wrong(s: State, scenario: Scenario): string | undefined {
  const all = admissions(s);
  const excess = Math.max(0, all.length - 1);
  const risks = all.filter((a) => a.risk !== undefined).length;
  switch (scenario.policy.kind) {
    case 'refuse':
      if (excess > 0) return 'admitted twice under refuse';
      break;
    case 'budget':
      if (excess > scenario.policy.max * 2) return 'more double entries than the budgets of both gates';
      if (excess > risks) return 'more double entries than risk admissions were recorded';
      break;
    case 'home-only':
      // Gate 0 is the only home gate: whoever else admits has asked it first.
      if (excess > 0) return 'admitted twice although only one gate is home';
      break;
  }
  if (s.gates.some((g) => g.journal.some((c) => c.open))) return undefined;
  if (s.gates.some((g) => g.claim?.phase === 'waiting'))
    return scenario.break === 'no-deadline' ? neverEnds(s) : undefined;
  if (unsettled(s.hub) || openChecks(s).length > 0) return undefined;
  const { uses, conflicts } = s.hub.disk;
  if (uses.length !== all.length)
    return `the hub counts ${uses.length} of ${all.length} admissions when all is delivered`;
  if (conflicts !== excess) return `the ledger has ${conflicts} conflicts, ${excess} happened`;
  return undefined;
}

const unsettled = (hub: Hub): boolean =>
  hub.asking !== null || hub.waiting.length > 0 || keyDisk(hub.memory) !== keyDisk(hub.disk);

/** Nothing but an answer can end the wait, and the answer may be lost. */
const neverEnds = (s: State): string | undefined => (unsettled(s.hub) ? undefined : 'a gate may wait for ever');

/** Checks whose arrival would still change something: what the hub has not is sent again until it has. */
const openChecks = (s: State): { check: Gate['journal'][number]; change: HubChange }[] =>
  s.gates.flatMap((gate, i) =>
    gate.journal
      .filter((check) => !check.open)
      .map((check) => ({ check, change: takeCheck(memoryOf(s.hub.memory), reportOf(i, check)) }))
      .filter(({ change }) => Object.keys(change).length > 0),
  );

function steps(s: State, scenario: Scenario): [string, State][] {
  const out: [string, State][] = [];
  const step = (name: string, change: (to: State) => void): void => {
    const to = clone(s);
    change(to);
    out.push([name, to]);
  };
  const broken = scenario.break;
  s.gates.forEach((gate, i) => {
    if (gate.claim === null || gate.claim.phase === 'ended') {
      if (gate.left > 0 && !knowsUsed(gate)) {
        step(`gate ${i}: the ticket is presented`, (to) => {
          const g = to.gates[i] as Gate;
          g.left--;
          g.made++;
          g.claim = ASKED;
          send(to, { to: 'hub', kind: 'claim', gate: i, id: idOf(i, g) });
        });
      }
    } else {
      if (broken !== 'no-deadline')
        step(`gate ${i}: deadline`, (to) =>
          settle(to, i, claimStep(gate.claim as ClaimState, { type: 'deadline' }).state, scenario),
        );
      if (s.gateCrashes > 0)
        step(`gate ${i}: crashes and comes back`, (to) => {
          const g = to.gates[i] as Gate;
          to.gateCrashes--;
          // It comes back as another process; that the old one's claims are over is said with its journal.
          send(to, { to: 'hub', kind: 'end', id: idOf(i, g) });
          g.claim = null;
          g.journal.push({ id: idOf(i, g), admitted: false });
        });
    }
  });
  s.gates.forEach((gate, i) => {
    const open = gate.journal.find((c) => c.open);
    if (!open) return;
    const ends = (to: State, admitted: boolean): void => {
      const g = to.gates[i] as Gate;
      g.journal = g.journal.map((c) => (c.id === open.id ? settledAs(c, admitted) : c));
    };
    step(`gate ${i}: somebody passes`, (to) => ends(to, true));
    step(`gate ${i}: nobody passes, and that is on the disk`, (to) => {
      ends(to, false);
      send(to, { to: 'hub', kind: 'end', id: open.id });
    });
    if (broken === 'give-back-before-durable')
      step(`gate ${i}: nobody passes, which is said first`, (to) => send(to, { to: 'hub', kind: 'end', id: open.id }));
    if (s.gateCrashes > 0)
      step(`gate ${i}: crashes, nobody knows whether somebody passed`, (to) => {
        to.gateCrashes--;
        ends(to, true);
      });
  });
  for (const id of s.gates[0].notes)
    step(`gate 0: asks what became of ${id}`, (to) => send(to, { to: 'hub', kind: 'noted', id }));
  for (const m of s.messages) step(`${m.kind} ${m.id} arrives at ${m.to}`, (to) => deliver(to, m, scenario));
  if (s.hub.waiting.length > 0 || keyDisk(s.hub.memory) !== keyDisk(s.hub.disk))
    step('hub: its disk has it', (to) => {
      to.hub.disk = cloneDisk(to.hub.memory);
      for (const w of to.hub.waiting.splice(0)) send(to, { to: w.to, kind: 'answer', id: w.id, answer: w.answer });
    });
  if (s.hub.asking !== null)
    step('hub: the home gate is silent', (to) => hubAnswers(to, to.hub.asking as string, { said: 'silent' }, scenario));
  if (s.hubCrashes > 0)
    step('hub: crashes and comes back', (to) => {
      to.hubCrashes--;
      to.hub = { memory: cloneDisk(to.hub.disk), disk: to.hub.disk, waiting: [], asking: null };
    });
  if (s.hub.asking === null)
    for (const { check, change } of openChecks(s))
      step(`hub: takes check ${check.id}`, (to) => applyTo(to.hub.memory, change));
  return out;
}

const keyDisk = (d: Disk): string => JSON.stringify(d);
const idOf = (i: number, g: Gate): string => `g${i}.${g.made}`;
const gateOf = (id: string): number => Number(id.slice(1, 2));
/** A gate's own journal, and what it was told, are part of its rules: it does not ask for a ticket it knows as used. */
const knowsUsed = (g: Gate): boolean => g.journal.some((c) => c.admitted) || g.notes.length > 0;

function settledAs({ id, risk }: Gate['journal'][number], admitted: boolean): Gate['journal'][number] {
  return { id, admitted, ...(risk && { risk }) };
}

function reportOf(i: number, check: Gate['journal'][number]): ReportedCheck {
  const { id, admitted, risk } = check;
  return {
    checkId: `check-${id}`,
    claim: id,
    gate: `g${i}`,
    lane: 'l',
    barcode: TICKET,
    slot: 'S',
    at: 0,
    counts: admitted,
    ...(risk && { risk }),
  };
}

function settle(to: State, i: number, after: ClaimState, { policy, home, passages }: Scenario): void {
  const g = to.gates[i] as Gate;
  g.claim = after;
  if (after.phase !== 'ended') return;
  const { verdict } = after;
  const id = idOf(i, g);
  const alone =
    verdict.kind === 'unanswered' && !knowsUsed(g)
      ? withoutHub(policy, { home: home === true && i === 0, made: g.riskMade })
      : 'refuse';
  if (verdict.kind === 'answered' && verdict.answer.result === 'granted' && !knowsUsed(g))
    g.journal.push({ id, admitted: true, ...(passages && { open: true as const }) });
  else if (alone !== 'refuse') {
    g.riskMade++;
    g.journal.push({ id, admitted: true, risk: alone, ...(passages && { open: true as const }) });
  } else {
    g.journal.push({ id, admitted: false });
    send(to, { to: 'hub', kind: 'end', id });
  }
}

function deliver(to: State, m: Message, scenario: Scenario): void {
  if (m.to === 'hub') {
    if (m.kind === 'claim') hubAnswers(to, m.id, undefined, scenario);
    else if (m.kind === 'noted') hubForgets(to, m.id, scenario);
    else if (m.kind === 'end') applyTo(to.hub.memory, endClaim(memoryOf(to.hub.memory), m.id, TICKET));
    else if (to.hub.asking === m.id)
      hubAnswers(
        to,
        m.id,
        m.kind === 'agreed' ? { said: 'agreed' } : { said: 'used', at: 0, gate: 'g0', lane: 'l' },
        scenario,
      );
    return;
  }
  const g = to.gates[m.to] as Gate;
  if (m.kind === 'notice') {
    // A lane that is about to admit holds the ticket: the same as used.
    const holds = g.claim?.phase === 'waiting' || g.journal.some((c) => c.admitted);
    if (!holds && !g.notes.includes(m.id)) g.notes.push(m.id);
    send(to, { to: 'hub', kind: holds ? 'used-here' : 'agreed', id: m.id });
    return;
  }
  if (gateOf(m.id) !== m.to) {
    // Nothing will ever come of that claim: the ticket is this gate's own again.
    g.notes = g.notes.filter((id) => id !== m.id);
    return;
  }
  if (m.id !== idOf(m.to, g) || g.claim === null) return;
  if (g.claim.phase === 'waiting')
    settle(to, m.to, claimStep(g.claim, { type: 'answer', answer: m.answer }).state, scenario);
  else if (scenario.break === 'late-answer-admits' && m.answer.result === 'granted') {
    g.journal = g.journal.map((c) => (c.id === m.id ? { ...c, admitted: true } : c));
  }
}

/** `HubClaims.noted` */
function hubForgets(to: State, id: string, scenario: Scenario): void {
  const { hub } = to;
  if (hub.memory.uses.some((u) => u.id === id) && scenario.break !== 'forgets-what-was-granted') return;
  if (scenario.break !== 'forgets-what-was-granted') applyTo(hub.memory, endClaim(memoryOf(hub.memory), id, TICKET));
  if (!hub.waiting.some((w) => w.id === id && w.to === 0))
    hub.waiting.push({ to: 0, id, answer: { result: 'unknown', why: 'ended' } });
}

function hubAnswers(to: State, id: string, home: Parameters<typeof answerClaim>[2]['home'], scenario: Scenario): void {
  const { hub } = to;
  // One ticket at a time: a claim that comes while the home gate is asked waits, which is a delay like any other.
  if (hub.asking !== null && hub.asking !== id) return;
  if (hub.asking === id && home === undefined) return;
  hub.asking = null;
  const gate = gateOf(id);
  const key = scenario.break === 'no-idempotence-key' ? `${id}/${hub.memory.uses.length}` : id;
  const claim: Claim = {
    id: key,
    gate: `g${gate}`,
    lane: 'l',
    barcode: TICKET,
    slot: 'S',
    at: 0,
    ...(scenario.policy.kind === 'home-only' && gate !== 0 && { entrance: 'E' }),
  };
  const view = { sure: true, ...(home && { home }) };
  const said = scenario.break === 'no-home-agreement' ? { sure: true, home: { said: 'agreed' } as const } : view;
  const result = answerClaim(memoryOf(hub.memory), claim, said);
  if ('ask' in result) {
    hub.asking = id;
    send(to, { to: 0, kind: 'notice', id });
    return;
  }
  applyTo(hub.memory, result.change);
  if (scenario.break === 'answer-before-durable') send(to, { to: gate, kind: 'answer', id, answer: result.answer });
  else if (!hub.waiting.some((w) => w.id === id && w.to === gate))
    hub.waiting.push({ to: gate, id, answer: result.answer });
}
