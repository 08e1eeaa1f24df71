import type { TraceEntry } from '../trace.js';
import type { DeviceReport, LaneReport } from '../reports.js';
import { get, may, post, postConfirmed } from './api.js';
import { act, ask } from './dialog.js';
import { draw, h, icon, rich } from './dom.js';
import { clockTime, number } from './format.js';
import { language, t } from './i18n.js';
import { stewardBox } from './steward.js';
import { onEvent, state } from './store.js';
import { explainBox } from './explain.js';
import { deviceShape, deviceTrouble, deviceWord, laneName, modeShape, modeWord, roleName } from './words.js';

const PATTERNS = ['ready', 'admit', 'attend', 'refuse', 'wait', 'fault', 'closed', 'free'] as const;
const KEPT = 60;

/** One lane with its wires. Returns what draws it, and what lets go of it. */
export function laneScreen(into: HTMLElement, id: string): { update(): void; leave(): void } {
  const api = `/lanes/${encodeURIComponent(id)}`;
  const head = h('header', {});
  const lines = h('section', { 'aria-labelledby': 'lines' });
  const devices = h('section', { 'aria-labelledby': 'devices' });
  const wire = may('technician') ? wireBox(id) : undefined;
  const actions = h('section', { 'aria-labelledby': 'actions' });
  const present = h('section', {});
  into.replaceChildren(
    head,
    h(
      'div',
      { class: 'columns' },
      h('div', {}, lines, devices, wire?.element ?? ''),
      h('div', {}, actions, present, ...(may('steward') ? [explainBox(id), stewardBox(id)] : [])),
    ),
  );
  const find = (): LaneReport | undefined => state.status?.lanes.find((l) => l.id === id);
  // A line that moves is shown at once, not with the next status.
  const off = onEvent(() => update());

  function update(): void {
    const lane = find();
    if (!lane) return;
    draw(head, [language, lane.name, lane.mode, lane.phase, lane.held], () => [
      h('a', { class: 'back', href: '#/now' }, '‹ ', t('now')),
      h(
        'h1',
        {},
        laneName(lane),
        ' ',
        h('span', { class: `chip ${modeShape(lane.mode)}` }, icon(modeShape(lane.mode)), ' ', modeWord(lane.mode)),
        lane.held === true && h('span', { class: 'chip warn' }, icon('test'), ' ', t('held')),
      ),
    ]);
    const shown = wire?.linesOf(lane) ?? lane.lines ?? [];
    draw(lines, [language, shown], () => [
      h('h2', { id: 'lines' }, t('signals')),
      shown.length === 0
        ? h('p', { class: 'card' }, t('no-lines'))
        : h(
            'ul',
            { class: 'lines' },
            ...shown.map((l) => {
              const known = l.active !== null;
              return h(
                'li',
                { class: `line ${l.active === true ? 'on' : 'off'} ${l.kind}` },
                icon(l.active === true ? 'on' : 'off'),
                h('span', { class: 'main' }, h('b', {}, l.name), h('span', { class: 'hint' }, t(l.kind))),
                h('span', { class: 'level' }, known ? t(l.active === true ? 'on' : 'at-rest') : t('not-known')),
                h(
                  'span',
                  { class: 'side' },
                  t('changes', { count: number(l.changes) }),
                  l.at === null ? '' : ` · ${clockTime(l.at)}`,
                ),
              );
            }),
          ),
    ]);
    draw(devices, [language, lane.devices], () => [
      h('h2', { id: 'devices' }, t('devices')),
      ...lane.devices.map((d) => deviceCard(d, wire)),
    ]);
    draw(actions, [language, lane.mode, lane.direction, lane.devices.some((d) => d.role === 'indicator')], () =>
      actionsOf(lane, api),
    );
    draw(present, [language, lane.devices.map((d) => d.driver)], () => virtualBox(lane, api));
  }
  return {
    update,
    leave: () => {
      off();
      wire?.close();
    },
  };
}

function deviceCard(d: DeviceReport, wire: ReturnType<typeof wireBox> | undefined): HTMLElement {
  const { state: is, reason, counters } = d.status;
  const shape = deviceShape(is);
  return h(
    'article',
    { class: `card device ${shape}` },
    h('h3', {}, icon(shape), ` ${roleName(d.role)}: ${deviceWord(is)}`, h('span', { class: 'hint' }, d.driver)),
    ...(reason === undefined || reason === '' ? [] : troubleOf(reason)),
    h(
      'p',
      { class: 'counters' },
      ...Object.entries(counters)
        .filter(([, n]) => n > 0)
        .map(([name, n]) => h('span', {}, `${name} ${number(n)}`)),
    ),
    wire !== undefined &&
      h('button', { type: 'button', onclick: () => wire.show(d.role) }, t('show-bytes', { device: roleName(d.role) })),
  );
}

function troubleOf(reason: string): HTMLElement[] {
  const { what, todo } = deviceTrouble(reason);
  return [
    h('p', { class: 'remedy' }, ...rich(what)),
    ...(todo === undefined ? [] : [h('p', { class: 'remedy' }, h('b', {}, t('do')), ' ', ...rich(todo))]),
  ];
}

/** What goes over a device's wire, in hexadecimal and as text, as it comes. */
function wireBox(lane: string) {
  const list = h('ol', { class: 'bytes', tabindex: 0, 'aria-label': t('bytes') });
  const title = h('h2', {});
  const pause = h('button', { type: 'button', class: 'quiet', 'aria-pressed': 'false' }, t('pause'));
  const element = h(
    'section',
    { class: 'wire', hidden: true },
    title,
    h('p', { class: 'hint' }, t('bytes-how')),
    h(
      'div',
      { class: 'row' },
      pause,
      h('button', { type: 'button', class: 'quiet', onclick: () => list.replaceChildren() }, t('clear')),
    ),
    list,
  );
  let device = '';
  let paused = false;
  let source: EventSource | undefined;
  /** Lines as the trace has them since the last status. */
  const moved = new Map<string, { active: boolean; at: number }>();
  pause.addEventListener('click', () => {
    paused = !paused;
    pause.setAttribute('aria-pressed', String(paused));
  });
  const open = (): void => {
    source = new EventSource(`/api/lanes/${encodeURIComponent(lane)}/trace`);
    source.addEventListener('trace', (event) => {
      const entry = JSON.parse((event as MessageEvent<string>).data) as TraceEntry;
      const line = /^(\w+) (on|off)$/.exec(entry.text ?? '');
      if (line?.[1] !== undefined) moved.set(line[1], { active: line[2] === 'on', at: entry.at });
      if (entry.device === device && !paused) add(entry);
    });
  };
  const add = (entry: TraceEntry): void => {
    list.prepend(byteRow(entry));
    while (list.children.length > KEPT) list.lastChild?.remove();
  };
  open();
  return {
    element,
    show: (role: string): void => {
      device = `${lane}/${role}`;
      title.textContent = `${t('bytes')}: ${roleName(role)}`;
      element.hidden = false;
      list.replaceChildren();
      void act(null, async () => {
        for (const entry of (await get<TraceEntry[]>(`/lanes/${encodeURIComponent(lane)}/devices/${role}/trace`)).slice(
          -KEPT,
        ))
          add(entry);
      });
      element.scrollIntoView({ block: 'start' });
    },
    linesOf: (report: LaneReport): NonNullable<LaneReport['lines']> =>
      (report.lines ?? []).map((l) => {
        const m = moved.get(l.name);
        return m && m.at > (l.at ?? 0) ? { ...l, active: m.active, at: m.at, changes: l.changes + 1 } : l;
      }),
    close: () => source?.close(),
  };
}

function byteRow(entry: TraceEntry): HTMLElement {
  const pairs = entry.hex?.match(/../g) ?? [];
  const text = pairs
    .map((p) => Number.parseInt(p, 16))
    .map((b) => (b === 13 ? '↵' : b === 10 ? '↓' : b >= 32 && b < 127 ? String.fromCharCode(b) : '·'))
    .join('');
  return h(
    'li',
    { class: entry.way },
    h('span', { class: 'side' }, `${entry.way === 'in' ? '→' : '←'} ${clockTime(entry.at)}`),
    entry.text === undefined
      ? h('span', { class: 'hex' }, pairs.join(' '), h('span', { class: 'text' }, text))
      : h('span', { class: 'hex' }, entry.text),
    entry.more !== undefined && h('span', { class: 'hint' }, `+ ${entry.more}`),
  );
}

function actionsOf(lane: LaneReport, api: string): Node[] {
  const name = laneName(lane);
  const nodes: Node[] = [h('h2', { id: 'actions' }, t('actions'))];
  if (!may('steward')) return [...nodes, h('p', { class: 'card' }, t('only-look'))];
  const setMode = async (mode: 'controlled' | 'free' | 'closed', button: HTMLButtonElement): Promise<void> => {
    if (await ask(modeWord(mode), t('ask-mode', { lane: name, mode: modeWord(mode) }), modeWord(mode)))
      await act(button, () => postConfirmed(`${api}/mode`, { mode }), t('done'));
  };
  const card = h('div', { class: 'card actions' });
  if (may('technician'))
    card.append(
      h(
        'button',
        {
          type: 'button',
          class: 'danger big',
          onclick: (e: Event) => {
            void (async () => {
              if (await ask(t('pulse'), t('ask-pulse', { lane: name }), t('pulse')))
                await act(e.target as HTMLButtonElement, () => postConfirmed(`${api}/pulse`), t('pulsed'));
            })();
          },
        },
        icon('walk'),
        ' ',
        t('pulse'),
      ),
    );
  card.append(
    h('h3', {}, t('mode')),
    h(
      'div',
      { class: 'row wide' },
      ...(['controlled', 'free', 'closed'] as const).map((mode) =>
        h(
          'button',
          {
            type: 'button',
            'aria-pressed': String(lane.mode === mode),
            onclick: (e: Event) => void setMode(mode, e.currentTarget as HTMLButtonElement),
          },
          lane.mode === mode ? icon('ok') : null,
          ' ',
          modeWord(mode),
        ),
      ),
    ),
  );
  if (may('technician') && lane.devices.some((d) => d.role === 'indicator'))
    card.append(
      h('h3', {}, t('patterns')),
      h('p', { class: 'hint' }, t('patterns-how')),
      h(
        'div',
        { class: 'row grid' },
        ...PATTERNS.map((pattern) =>
          h(
            'button',
            {
              type: 'button',
              onclick: (e: Event) =>
                void act(e.currentTarget as HTMLButtonElement, () => post(`${api}/show`, { pattern })),
            },
            t(`pat-${pattern}`),
          ),
        ),
      ),
    );
  return [...nodes, card];
}

/** A lane without wires is played with: demo and training. */
function virtualBox(lane: LaneReport, api: string): Node[] {
  const readers = lane.devices.filter((d) => d.role.startsWith('reader') && d.driver === 'virtual');
  const barrier = lane.devices.some((d) => d.role === 'barrier' && d.driver === 'virtual');
  if (!may('technician') || (readers.length === 0 && !barrier)) return [];
  const code = h('input', { id: 'virtual-code', autocomplete: 'off', maxlength: 256 });
  const present = (role: string) => (e: Event) =>
    void act(e.currentTarget as HTMLButtonElement, () =>
      post(`${api}/readers/${role.slice('reader-'.length)}/present`, code.value),
    );
  return [
    h('h2', {}, t('virtual')),
    h(
      'div',
      { class: 'card actions' },
      ...(readers.length > 0
        ? [
            h('label', { for: 'virtual-code' }, t('code')),
            code,
            h(
              'div',
              { class: 'row wide' },
              ...readers.map((r) =>
                h('button', { type: 'button', onclick: present(r.role) }, `${t('present')}: ${roleName(r.role)}`),
              ),
            ),
          ]
        : []),
      ...(barrier
        ? [
            h(
              'button',
              {
                type: 'button',
                onclick: (e: Event) =>
                  void act(e.currentTarget as HTMLButtonElement, () => post(`${api}/pass?direction=${lane.direction}`)),
              },
              icon('walk'),
              ' ',
              t('walk'),
            ),
          ]
        : []),
    ),
  ];
}
