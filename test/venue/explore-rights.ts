import type { Answer, Claim, ReportedCheck, Use } from '../../src/venue/claim-types.js';
import { rightId } from '../../src/venue/claim-types.js';
import type { HoldersSaid, HubChange } from '../../src/venue/claim-hub.js';
import { answerClaim, endClaim, takeCheck, takeRight } from '../../src/venue/claim-hub.js';
import { ASKED, claimStep } from '../../src/venue/claim-gate.js';
import type { Disk } from './model-disk.js';
import { applyTo, cloneDisk, diskKey, emptyDisk, gateOf, memoryOf, sessionOf, TICKET } from './model-disk.js';
import type { Explored } from './search.js';
import { search } from './search.js';

/**
 * A ticket for several entries at two gates, in every interleaving: rights are granted in advance, spent by a gate that asks nobody,
 * asked back for the other gate, told to a hub that has forgotten them. Messages as in `explore.ts`: any order, lost, late, repeated.
 */
export interface RightsScenario {
  quota: number;
  presentations: readonly [number, number];
  /** Gate 0 has let one in already, and holds the right that came with it. */
  begun?: boolean;
  /** The hub loses what was not on its disk. */
  hubCrashes?: number;
  /** The hub comes back with an empty disk. */
  hubRestores?: number;
  gateCrashes?: number;
  break?:
    'right-not-counted' | 'given-back-and-kept' | 'rights-not-told' | 'spent-after-the-check' | 'counts-while-unsure';
}

interface Check {
  id: string;
  admitted: boolean;
}
interface Gate {
  left: number;
  session: number;
  made: number;
  /** The claim that is being asked, or nothing. */
  asking: string | null;
  /** A right that is off the disk while its check is not yet on it. */
  spending: string | null;
  /** On the disk. */
  held: string[];
  journal: Check[];
  /** Of this process. */
  spent: string[];
  refused: string[];
  /** Length of the journal when this process began. */
  old: number;
  /** The hub's process it knows. */
  hub: number;
}
interface Hub {
  process: number;
  sure: boolean;
  memory: Disk;
  disk: Disk;
  waiting: { to: number; id: string; answer: Answer }[];
  asking: { id: string; rights: readonly Use[] } | null;
  /** By gate: session that has told its rights, those it told, and how long its journal was then. */
  told: ({ session: number; held: string[]; barrier: number } | null)[];
}
type Message =
  | { to: 'hub'; kind: 'claim'; id: string }
  | { to: 'hub'; kind: 'end'; ids: string[] }
  | { to: 'hub'; kind: 'told'; gate: number; session: number; process: number; held: string[]; barrier: number }
  | { to: 'hub'; kind: 'said'; id: string; process: number; said: HoldersSaid }
  | { to: number; kind: 'answer'; id: string; process: number; answer: Answer }
  | { to: number; kind: 'recall'; id: string; process: number; rights: string[] };
interface State {
  gates: [Gate, Gate];
  hub: Hub;
  messages: Message[];
  crashes: { hub: number; restore: number; gate: number };
}

function reportOf(gate: number, { id, admitted }: Check, quota: number): ReportedCheck {
  const limits = [{ max: quota, slot: 'S' }];
  return {
    checkId: `c-${id}`,
    claim: id,
    gate: `g${gate}`,
    lane: 'l',
    barcode: TICKET,
    slot: 'S',
    at: 0,
    counts: admitted,
    limits,
  };
}

export function exploreRights(scenario: RightsScenario, limit = 300_000): Explored {
  const gate = (left: number): Gate => ({
    left,
    session: 0,
    made: 0,
    asking: null,
    spending: null,
    held: [],
    journal: [],
    spent: [],
    refused: [],
    old: 0,
    hub: 0,
  });
  const told = { session: 0, held: [], barrier: 0 };
  const first: State = {
    gates: [gate(scenario.presentations[0]), gate(scenario.presentations[1])],
    hub: {
      process: 0,
      sure: true,
      memory: emptyDisk(),
      disk: emptyDisk(),
      waiting: [],
      asking: null,
      told: [told, told],
    },
    messages: [],
    crashes: { hub: scenario.hubCrashes ?? 0, restore: scenario.hubRestores ?? 0, gate: scenario.gateCrashes ?? 0 },
  };
  if (scenario.begun) begin(first, scenario);
  const wrong = (state: State): string | undefined => {
    const admitted = state.gates.flatMap((g) => g.journal.filter((c) => c.admitted));
    return admitted.length > scenario.quota ? `${admitted.length} entries of ${scenario.quota}` : undefined;
  };
  return search({ first, keyOf, steps: (state) => steps(state, scenario), wrong }, limit);
}

function begin(s: State, scenario: RightsScenario): void {
  const id = 'g0.0.1';
  const limits = [{ max: scenario.quota, slot: 'S' }];
  const claim: Claim = { id, gate: 'g0', lane: 'l', barcode: TICKET, slot: 'S', at: 0, limits, rights: 1 };
  const result = answerClaim(memoryOf(s.hub.memory), claim, { sure: true });
  if ('ask' in result) throw new Error('nobody is to be asked yet');
  applyTo(s.hub.memory, result.change);
  const check = { id, admitted: true };
  applyTo(s.hub.memory, takeCheck(memoryOf(s.hub.memory), reportOf(0, check, scenario.quota)));
  s.hub.disk = cloneDisk(s.hub.memory);
  Object.assign(s.gates[0], { made: 1, journal: [check], held: [rightId(id, 1)] });
}

function keyOf({ gates, hub, messages, crashes }: State): string {
  const { memory, disk, ...rest } = hub;
  return JSON.stringify([gates, rest, diskKey(memory), diskKey(disk), messages.map(textOf).sort(), crashes]);
}

const texts = new WeakMap<Message, string>();
function textOf(message: Message): string {
  let text = texts.get(message);
  if (text === undefined) texts.set(message, (text = JSON.stringify(message)));
  return text;
}

const clone = (s: State): State => ({
  ...s,
  gates: s.gates.map((g) => ({
    ...g,
    held: [...g.held],
    journal: [...g.journal],
    spent: [...g.spent],
    refused: [...g.refused],
  })) as [Gate, Gate],
  hub: { ...s.hub, memory: cloneDisk(s.hub.memory), waiting: [...s.hub.waiting], told: [...s.hub.told] },
  messages: [...s.messages],
  crashes: { ...s.crashes },
});

function send(s: State, message: Message): void {
  const text = textOf(message);
  if (!s.messages.some((m) => textOf(m) === text)) s.messages.push(message);
}

/** A message that can never change anything any more is as good as gone: the states with it and without it are one. */
function matters({ gates, hub }: State, m: Message): boolean {
  switch (m.kind) {
    case 'answer':
      return gates[m.to]?.asking === m.id && gates[m.to]?.hub === m.process;
    case 'recall':
      return gates[m.to]?.hub === m.process;
    case 'claim':
      return gates[gateOf(m.id)]?.asking === m.id || !(hub.disk.claims[m.id] || hub.disk.ended.includes(m.id));
    case 'end':
      return !m.ids.every((id) => hub.disk.ended.includes(id));
    case 'told':
      return m.process === hub.process && (hub.told[m.gate]?.session ?? -1) < m.session;
    case 'said':
      return m.process === hub.process && gates[gateOf(m.id)]?.asking === m.id;
  }
}

function tell(s: State, i: number, scenario: RightsScenario): void {
  const g = s.gates[i] as Gate;
  const held = scenario.break === 'rights-not-told' ? [] : [...g.held, ...g.spent];
  send(s, { to: 'hub', kind: 'told', gate: i, session: g.session, process: g.hub, held, barrier: g.journal.length });
}

function steps(s: State, scenario: RightsScenario): [string, State][] {
  const out: [string, State][] = [];
  const step = (what: string, change: (to: State) => void): void => {
    const to = clone(s);
    change(to);
    // What is on the disk at once only matters to a hub that crashes.
    if (to.crashes.hub === 0) written(to);
    to.messages = to.messages.filter((m) => matters(to, m));
    out.push([what, to]);
  };
  s.gates.forEach((gate, i) => {
    const busy = gate.asking !== null || gate.spending !== null;
    if (!busy && gate.left > 0) {
      const right = gate.held[0];
      if (right === undefined)
        step(`gate ${i}: asks`, (to) => {
          const g = to.gates[i] as Gate;
          g.left--;
          g.asking = `g${i}.${g.session}.${++g.made}`;
          send(to, { to: 'hub', kind: 'claim', id: g.asking });
        });
      else
        step(`gate ${i}: spends ${right}`, (to) => {
          const g = to.gates[i] as Gate;
          g.left--;
          g.spending = right;
          g.spent.push(right);
          if (scenario.break !== 'spent-after-the-check') g.held = g.held.filter((id) => id !== right);
        });
    }
    if (gate.asking !== null)
      step(`gate ${i}: deadline`, (to) => {
        const g = to.gates[i] as Gate;
        const id = gate.asking as string;
        const { state } = claimStep(ASKED, { type: 'deadline' });
        if (state.phase !== 'ended') return;
        g.asking = null;
        g.journal.push({ id, admitted: false });
        send(to, { to: 'hub', kind: 'end', ids: [id, rightId(id, 1)] });
      });
    if (gate.spending !== null)
      step(`gate ${i}: the check is written`, (to) => {
        const g = to.gates[i] as Gate;
        g.journal.push({ id: gate.spending as string, admitted: true });
        g.held = g.held.filter((id) => id !== gate.spending);
        g.spending = null;
      });
    if (s.crashes.gate > 0 && (busy || gate.held.length > 0))
      step(`gate ${i}: crashes and comes back`, (to) => {
        const g = to.gates[i] as Gate;
        to.crashes.gate--;
        // What was written is written; the rest of the spending never was.
        if (scenario.break === 'spent-after-the-check' && g.spending !== null)
          g.journal.push({ id: g.spending, admitted: true });
        Object.assign(g, { session: g.session + 1, made: 0, asking: null, spending: null, spent: [], refused: [] });
        g.old = g.journal.length;
        g.hub = s.hub.process;
        tell(to, i, scenario);
      });
    if (gate.hub !== s.hub.process)
      step(`gate ${i}: hears of the new hub`, (to) => {
        (to.gates[i] as Gate).hub = s.hub.process;
        tell(to, i, scenario);
      });
  });
  for (const m of s.messages)
    step(`${m.kind} ${'id' in m ? m.id : 'ids' in m ? m.ids.join() : m.gate} arrives at ${m.to}`, (to) =>
      deliver(to, m, scenario),
    );
  hubSteps(s, scenario, step);
  return out;
}

function written(to: State): void {
  to.hub.disk = cloneDisk(to.hub.memory);
  for (const { to: gate, id, answer } of to.hub.waiting.splice(0))
    send(to, { to: gate, kind: 'answer', id, process: to.hub.process, answer });
}

function hubSteps(s: State, scenario: RightsScenario, step: (what: string, change: (to: State) => void) => void): void {
  const { hub } = s;
  if (hub.waiting.length > 0 || diskKey(hub.memory) !== diskKey(hub.disk)) step('hub: its disk has it', written);
  if (hub.asking)
    step('hub: who holds the right is silent', (to) =>
      hubAnswers(to, hub.asking?.id as string, { returned: [], spent: [] }, scenario),
    );
  const restart = (to: State, disk: Disk, sure: boolean): void => {
    const { process } = to.hub;
    to.hub = {
      process: process + 1,
      sure,
      memory: cloneDisk(disk),
      disk,
      waiting: [],
      asking: null,
      told: [null, null],
    };
  };
  if (s.crashes.hub > 0)
    step('hub: crashes and comes back', (to) => {
      to.crashes.hub--;
      restart(to, to.hub.disk, hub.sure);
    });
  if (s.crashes.restore > 0)
    step('hub: comes back with an empty disk', (to) => {
      to.crashes.restore--;
      restart(to, emptyDisk(), scenario.break === 'counts-while-unsure');
    });
  if (hub.asking) return;
  s.gates.forEach((gate, i) => {
    const reports = gate.journal.map((check) => takeCheck(memoryOf(hub.memory), reportOf(i, check, scenario.quota)));
    // In order, and each until it has changed something: what the hub has not is sent again.
    const next = reports.findIndex((change) => Object.keys(change).length > 0);
    if (next >= 0)
      step(`hub: takes check ${gate.journal[next]?.id ?? ''}`, (to) =>
        applyTo(to.hub.memory, reports[next] as HubChange),
      );
    const told = hub.told[i];
    const cursor = next < 0 ? gate.journal.length : next;
    if (!told || cursor < gate.old || told.session !== gate.session) return;
    const lost = hub.memory.uses.filter(
      (u) =>
        u.checkId === undefined && gateOf(u.id) === i && sessionOf(u.id) < gate.session && !told.held.includes(u.id),
    );
    for (const u of lost)
      step(`hub: ${u.id} of the process before admitted nobody`, (to) =>
        applyTo(to.hub.memory, endClaim(memoryOf(to.hub.memory), u.id, TICKET)),
      );
  });
  const arrived = (i: number): boolean => {
    const told = hub.told[i];
    if (!told) return false;
    const gate = s.gates[i] as Gate;
    return gate.journal
      .slice(0, told.barrier)
      .every((check) => Object.keys(takeCheck(memoryOf(hub.memory), reportOf(i, check, scenario.quota))).length === 0);
  };
  if (!hub.sure && arrived(0) && arrived(1)) step('hub: all gates have spoken', (to) => (to.hub.sure = true));
}

function deliver(to: State, m: Message, scenario: RightsScenario): void {
  const { hub } = to;
  if (m.to !== 'hub') return deliverToGate(to, m, scenario);
  switch (m.kind) {
    case 'claim':
      return hubAnswers(to, m.id, undefined, scenario);
    case 'end':
      if (hub.asking === null) for (const id of m.ids) applyTo(hub.memory, endClaim(memoryOf(hub.memory), id, TICKET));
      return;
    case 'told': {
      const before = hub.told[m.gate];
      if (m.process !== hub.process || hub.asking !== null || (before && before.session >= m.session)) return;
      for (const id of m.held) {
        const right = { id, barcode: TICKET, gate: `g${m.gate}`, lane: 'l', slot: 'S', at: 0 };
        applyTo(hub.memory, takeRight(memoryOf(hub.memory), right).change);
      }
      hub.told[m.gate] = { session: m.session, held: m.held, barrier: m.barrier };
      return;
    }
    case 'said':
      if (m.process === hub.process && hub.asking?.id === m.id) hubAnswers(to, m.id, m.said, scenario);
  }
}

function deliverToGate(to: State, m: Extract<Message, { to: number }>, scenario: RightsScenario): void {
  const g = to.gates[m.to] as Gate;
  if (m.kind === 'recall') {
    if (m.process !== g.hub) return;
    const held = m.rights.filter((id) => g.held.includes(id) && id !== g.spending);
    const spent = m.rights.filter((id) => g.spent.includes(id));
    const unseen = m.rights.filter((id) => !held.includes(id) && !spent.includes(id) && sessionOf(id) === g.session);
    if (scenario.break !== 'given-back-and-kept') g.held = g.held.filter((id) => !held.includes(id));
    for (const id of unseen) if (!g.refused.includes(id)) g.refused.push(id);
    send(to, {
      to: 'hub',
      kind: 'said',
      id: m.id,
      process: m.process,
      said: { returned: [...held, ...unseen], spent },
    });
    return;
  }
  if (m.id !== g.asking || m.process !== g.hub) return;
  const { state } = claimStep(ASKED, { type: 'answer', answer: m.answer });
  if (state.phase !== 'ended') return;
  g.asking = null;
  const granted =
    state.verdict.kind === 'answered' && state.verdict.answer.result === 'granted' ? state.verdict.answer : undefined;
  g.journal.push({ id: m.id, admitted: granted !== undefined });
  if (granted?.rights && !g.refused.includes(rightId(m.id, 1))) g.held.push(rightId(m.id, 1));
}

function hubAnswers(to: State, id: string, holders: HoldersSaid | undefined, scenario: RightsScenario): void {
  const { hub } = to;
  if (hub.asking !== null && hub.asking.id !== id) return;
  if (hub.asking && holders === undefined) return;
  hub.asking = null;
  const gate = gateOf(id);
  const limits = [{ max: scenario.quota, slot: 'S' }];
  const claim: Claim = { id, gate: `g${gate}`, lane: 'l', barcode: TICKET, slot: 'S', at: 0, limits, rights: 1 };
  const result = answerClaim(memoryOf(hub.memory), claim, { sure: hub.sure, ...(holders && { holders }) });
  if ('ask' in result) {
    if (result.ask !== 'holders') return;
    hub.asking = { id, rights: result.rights };
    for (const holder of [0, 1]) {
      const rights = result.rights.map((r) => r.id).filter((right) => gateOf(right) === holder);
      if (rights.length > 0) send(to, { to: holder, kind: 'recall', id, process: hub.process, rights });
    }
    return;
  }
  const { uses } = result.change;
  const counted =
    scenario.break === 'right-not-counted' && uses ? { ...uses, uses: uses.uses.filter((u) => !u.right) } : uses;
  applyTo(hub.memory, { ...result.change, ...(counted && { uses: counted }) });
  if (!hub.waiting.some((w) => w.id === id)) hub.waiting.push({ to: gate, id, answer: result.answer });
}
