import type { Condition, LaneReport } from '../reports.js';
import { gate } from './api.js';
import { draw, h, icon, rich } from './dom.js';
import { fact } from './fact.js';
import { bytes, celsius, clockTime, dateTime, duration, millis, number } from './format.js';
import { language, t } from './i18n.js';
import { state } from './store.js';
import { venueBlock } from './venue.js';
import {
  conditionWords,
  deviceShape,
  deviceWord,
  incidentWords,
  laneName,
  modeShape,
  modeWord,
  nameOf,
  reasonHint,
  reasonWords,
  roleName,
} from './words.js';

const SHOWN = 25;

export function nowScreen(into: HTMLElement): () => void {
  const wrong = h('section', { 'aria-labelledby': 'wrong' });
  const lanes = h('section', { 'aria-labelledby': 'lanes' });
  const reads = h('section', { 'aria-labelledby': 'reads' });
  const facts = h('section', { 'aria-labelledby': 'facts' });
  const venue = h('section', { 'aria-labelledby': 'venue', hidden: true });
  into.replaceChildren(
    h('h1', { class: 'hidden' }, t('now')),
    wrong,
    h('div', { class: 'columns' }, h('div', {}, lanes, reads), h('div', {}, venue, facts)),
  );
  return () => {
    const { status } = state;
    if (!status) return draw(wrong, language, () => h('p', {}, t('connecting')));
    draw(wrong, [language, status.conditions], () => problems(status.conditions));
    // A hub may have no lane of its own.
    lanes.hidden = reads.hidden = status.lanes.length === 0;
    draw(lanes, [language, status.lanes, state.facts?.on, state.recent.at(-1)], () => [
      h('h2', { id: 'lanes' }, t('lanes')),
      ...status.lanes.map(laneCard),
    ]);
    draw(reads, [language, state.recent.slice(-SHOWN)], () => lastReads());
    const { venue: of = null, counts = null } = state.facts ?? {};
    venue.hidden = of === null;
    if (of) draw(venue, [language, of, counts], () => venueBlock(of, counts));
    const minute = Math.floor(Date.now() / 5_000);
    draw(facts, [language, minute, status.sync, status.journal.waiting, state.facts], () => factList());
    return undefined;
  };
}

function problems(conditions: readonly Condition[]): Node[] {
  if (conditions.length === 0)
    return [h('div', { class: 'card well' }, icon('ok'), h('h2', { id: 'wrong' }, t('all-well')))];
  return [
    h('h2', { id: 'wrong' }, t('wrong', { count: conditions.length })),
    h('ul', { class: 'problems' }, ...conditions.map(problem)),
  ];
}

function problem(c: Condition): HTMLElement {
  const { what, remedy } = conditionWords(c);
  const down = c.severity === 'down';
  return h(
    'li',
    { class: `card problem-card ${down ? 'bad' : 'warn'}`, 'data-kind': c.kind },
    h(
      'p',
      { class: 'what' },
      icon(down ? 'bad' : 'warn'),
      h('span', {}, h('b', {}, t(down ? 'sev-down' : 'sev-degraded')), ' ', ...rich(what)),
    ),
    h('p', { class: 'remedy' }, h('b', {}, t('do')), ' ', ...rich(remedy)),
    c.lane !== undefined &&
      h('a', { class: 'button', href: `#/lane/${encodeURIComponent(c.lane)}` }, t('look-at', { lane: nameOf(c.lane) })),
  );
}

function laneCard(lane: LaneReport): HTMLElement {
  const last = [...state.recent].reverse().find((i) => i.event === 'decision' && i.data.lane === lane.id);
  const decision = last?.event === 'decision' ? last.data : undefined;
  const { admitted = 0, refused = 0, passed = 0, notPassed = 0, forced = 0 } = lane.counters;
  return h(
    'article',
    { class: `card lane ${lane.mode}` },
    h(
      'h3',
      {},
      h('a', { href: `#/lane/${encodeURIComponent(lane.id)}` }, laneName(lane)),
      h('span', { class: `chip ${modeShape(lane.mode)}` }, icon(modeShape(lane.mode)), ' ', modeWord(lane.mode)),
      lane.held === true && h('span', { class: 'chip warn' }, icon('test'), ' ', t('held')),
    ),
    decision
      ? h(
          'p',
          { class: `verdict ${decision.admitted ? 'yes' : 'no'}` },
          icon(decision.admitted ? 'ok' : 'bad'),
          h('span', { class: 'word' }, decision.admitted ? t('admitted') : t('refused')),
          h('span', { class: 'why' }, decision.admitted ? '' : reasonWords(decision.reason)),
          h('span', { class: 'code' }, decision.code, ' ', h('span', { class: 'when' }, clockTime(decision.at))),
        )
      : h('p', { class: 'verdict none' }, t('nobody-yet')),
    h(
      'dl',
      { class: 'counts' },
      count(t('admitted'), admitted),
      count(t('refused'), refused),
      ...(lane.passageSensor ? [count(t('passed'), passed), count(t('not-passed'), notPassed)] : []),
      ...(forced > 0 ? [count(t('forced'), forced)] : []),
    ),
    whatIsOn(lane.id),
    deviceChips(lane),
  );
}

/** What the lane admits now, and who or what says so. */
function whatIsOn(id: string): HTMLElement | false {
  const on = state.facts?.on.find((o) => o.lane === id);
  if (!on) return false;
  const names = on.performances?.map((p) => p.name ?? p.code);
  const what = names === undefined ? t('on-any') : names.length === 0 ? t('on-nothing') : names.join(', ');
  const by = on.by === 'choice' ? t('by-choice') : on.by === 'programme' ? t('by-programme') : '';
  return h(
    'p',
    { class: 'on-now' },
    h('span', { class: 'hint' }, `${t('on-now')}: `),
    h('b', {}, what),
    by !== '' && h('span', { class: 'hint' }, ` · ${by}`),
  );
}

/** One line while all is well; what is not stands out by itself. */
function deviceChips(lane: LaneReport): HTMLElement {
  const wrong = lane.devices.filter((d) => deviceShape(d.status.state) !== 'ok');
  const ready = lane.devices.filter((d) => deviceShape(d.status.state) === 'ok').map((d) => roleName(d.role));
  return h(
    'ul',
    { class: 'chips' },
    ...wrong.map((d) =>
      h(
        'li',
        { class: `chip ${deviceShape(d.status.state)}` },
        icon(deviceShape(d.status.state)),
        ` ${roleName(d.role)}: ${deviceWord(d.status.state)}`,
      ),
    ),
    ready.length > 0 &&
      h('li', { class: 'ready ok' }, icon('ok'), ` ${t('devices-ready', { devices: ready.join(' · ') })}`),
  );
}

const count = (name: string, n: number): HTMLElement => h('div', {}, h('dt', {}, name), h('dd', {}, number(n)));

function lastReads(): Node[] {
  const outcomes = new Map(
    state.recent.flatMap((i) => (i.event === 'outcome' ? [[i.data.of, i.data.outcome] as const] : [])),
  );
  const items = state.recent
    .filter((i) => i.event !== 'outcome')
    .slice(-SHOWN)
    .reverse();
  const rows = items.map((item) => {
    if (item.event === 'incident') {
      const { data } = item;
      return h(
        'li',
        { class: 'read incident' },
        icon(data.what === 'forced' || data.what === 'tailgating' || data.what === 'fire' ? 'warn' : 'info'),
        h('span', { class: 'main' }, h('b', {}, incidentWords(data.what)), ` ${data.mode ?? ''} ${data.who ?? ''}`),
        h('span', { class: 'side' }, `${nameOf(data.lane)} · ${clockTime(data.at)}`),
      );
    }
    const { data } = item;
    const of = Number(data.checkId?.split('-').at(-1));
    const outcome = outcomes.get(of);
    const hint = data.admitted ? '' : reasonHint(data.reason);
    return h(
      'li',
      { class: `read ${data.admitted ? 'yes' : 'no'}` },
      icon(data.admitted ? 'ok' : 'bad', data.admitted ? t('admitted') : t('refused')),
      h(
        'span',
        { class: 'main' },
        h('b', {}, data.admitted ? t('admitted') : reasonWords(data.reason)),
        outcome !== undefined && h('span', { class: 'outcome' }, outcome === 'passed' ? t('passed') : t('not-passed')),
        hint !== '' && h('span', { class: 'hint' }, ...rich(hint)),
      ),
      h(
        'span',
        { class: 'side' },
        h('span', { class: 'code' }, data.code),
        ' ',
        h('span', { class: 'when' }, `${nameOf(data.lane)} · ${clockTime(data.at)}`),
        data.decidedAfter > 0 && h('span', { class: 'when' }, ` · ${millis(data.decidedAfter)}`),
      ),
    );
  });
  return [
    h('h2', { id: 'reads' }, t('last-reads')),
    rows.length === 0 ? h('p', { class: 'card' }, t('nobody-yet')) : h('ol', { class: 'card reads' }, ...rows),
  ];
}

function factList(): Node[] {
  const { status, facts } = state;
  if (!status) return [];
  const now = Date.now() + state.ahead;
  const { sync, journal } = status;
  const oldest = sync ? Math.min(...sync.pull.scopes.map((s) => s.completeAt ?? 0)) : 0;
  const list: HTMLElement[] = [];
  const old = status.conditions.some((c) => c.kind === 'list-old' || c.kind === 'import-incomplete');
  list.push(
    fact(
      t('list-age'),
      oldest > 0 ? t('ago', { time: duration(now - oldest) }) : t('list-never'),
      old ? 'warn' : 'ok',
      sync ? `${t('tickets', { count: number(sync.pull.scopes.reduce((n, s) => n + s.items, 0)) })}` : '',
    ),
  );
  if (sync) {
    const { running, nextAt } = sync.pull;
    list.push(
      fact(
        t('next-pull'),
        running ? t('running') : nextAt === null ? t('not-planned') : t('in', { time: duration(nextAt - now) }),
      ),
    );
  }
  list.push(fact(t('queue'), number(journal.waiting), journal.waiting > 500 ? 'warn' : 'ok', t('queue-why')));
  if (facts) {
    const { vitals } = facts;
    const { clock, disk, memory, temperature, uptime, underVoltage } = vitals;
    list.push(
      fact(
        t('clock'),
        t(`clock-${clock.source}`),
        clock.source === 'synchronised' ? 'ok' : 'info',
        clock.offset === null
          ? t('no-offset')
          : t(clock.offset < 0 ? 'behind' : 'offset', { time: millis(Math.abs(clock.offset)) }),
      ),
    );
    if (clock.jumps > 0) list.push(fact(t('clock-jumps'), number(clock.jumps), 'warn'));
    if (disk)
      list.push(
        fact(
          t('disk'),
          t('free-of', { free: bytes(disk.free), total: bytes(disk.total) }),
          disk.free < 200e6 ? 'bad' : 'ok',
        ),
      );
    list.push(
      fact(
        t('memory'),
        t('free-of', { free: bytes(memory.available), total: bytes(memory.total) }),
        memory.available < memory.total / 20 ? 'warn' : 'ok',
        t('own-memory', { bytes: bytes(memory.process) }),
      ),
    );
    if (temperature !== null)
      list.push(
        fact(t('temperature'), celsius(temperature), temperature > 80 ? 'bad' : temperature > 70 ? 'warn' : 'ok'),
      );
    if (underVoltage !== null && underVoltage !== 'never')
      list.push(fact(t('voltage'), t(`voltage-${underVoltage}`), 'bad'));
    list.push(
      fact(
        t('uptime'),
        duration(uptime.process * 1000),
        'info',
        t('machine-up', { time: duration(uptime.machine * 1000) }),
      ),
    );
  }
  list.push(fact(t('version'), `Portillon ${status.version}`, 'info', `${gate.id} · ${dateTime(status.startedAt)}`));
  return [
    h('h2', { id: 'facts' }, t('facts')),
    h('dl', { class: 'card facts' }, ...list),
    ...(facts?.extra ?? []).flatMap((section) => [
      h('h2', {}, section.title),
      h('dl', { class: 'card facts' }, ...section.lines.map((l) => fact(l.label, l.value, l.state))),
    ]),
  ];
}
