import type { TrendMinute, TrendsReport } from '../trends.js';
import { gate, get } from './api.js';
import type { Line } from './chart.js';
import { chart } from './chart.js';
import { act } from './dialog.js';
import { h } from './dom.js';
import { clockTime, millis, number } from './format.js';
import { t } from './i18n.js';
import { state } from './store.js';
import { reasonWords, roleName } from './words.js';

/** A minute in which the gate did not run has no values. */
type Minute = TrendMinute & { away?: boolean };

const EVERY = 10_000;
const COLOURS = ['#e69f00', '#56b4e9', '#00b383', '#cc79a7', '#d55e00', '#f0e442'];
const DASHES: number[][] = [[], [6, 4], [2, 3], [10, 3, 2, 3]];

/** The last hours of this gate, minute by minute. */
export function trendsScreen(into: HTMLElement): { leave(): void } {
  const stop = new AbortController();
  let hours = 1;
  const ranges = h('div', { class: 'row', role: 'group', 'aria-label': t('range') });
  const boxes = h('div', { class: 'charts' });
  into.replaceChildren(h('h1', {}, t('trends')), ranges, boxes);
  for (const n of [1, 4, 12])
    ranges.append(
      h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(n === hours),
          onclick: (e: Event) => {
            hours = n;
            for (const b of ranges.children) b.setAttribute('aria-pressed', String(b === e.currentTarget));
            void show();
          },
        },
        t('hours', { n }),
      ),
    );
  const readers = (state.status?.lanes ?? []).flatMap((l) =>
    l.devices
      .filter((d) => d.role.startsWith('reader'))
      .map((d) => ({ key: `${l.id}/${d.role}`, label: `${l.name ?? l.id} ${roleName(d.role)}` })),
  );
  const line = (label: string, i: number): Line => ({
    label,
    colour: COLOURS[i % COLOURS.length] as string,
    dash: DASHES[i % DASHES.length] as number[],
  });
  const passages = box(
    'passages',
    [{ label: t('passages'), colour: COLOURS[1] as string, bars: true }],
    '',
    (m) => [m.passages],
    (m) => number(m.passages),
  );
  const decision = box(
    'decision',
    [line('p50', 2), line('p95', 4)],
    ' ms',
    (m) => [m.decision?.p50 ?? null, m.decision?.p95 ?? null],
    (m) => (m.decision ? `${millis(m.decision.p50)} / ${millis(m.decision.p95)}` : '–'),
  );
  const quality = box(
    'quality',
    readers.map((r, i) => line(r.label, i)),
    '',
    (m) => readers.map((r) => m.readers[r.key]?.noise ?? 0),
    (m) =>
      readers
        .map((r) => `${r.label}: ${number(m.readers[r.key]?.noise ?? 0)} / ${number(m.readers[r.key]?.codes ?? 0)}`)
        .join('; '),
  );
  const reasons = h('section', { class: 'card' });
  boxes.append(passages.element, reasons, decision.element, quality.element);

  function box(
    name: 'passages' | 'decision' | 'quality',
    lines: Line[],
    unit: string,
    values: (m: TrendMinute) => (number | null)[],
    words: (m: TrendMinute) => string,
  ) {
    const canvas = h('div', { class: 'plot', 'aria-hidden': 'true' });
    const summary = h('p', { class: 'hint' });
    const rows = h('tbody', {});
    const legend = h(
      'ul',
      { class: 'legend' },
      ...(lines.length > 1
        ? lines.map((l, i) =>
            h('li', {}, h('span', { class: `swatch dash-${i % DASHES.length}`, 'data-colour': i }), l.label),
          )
        : []),
    );
    for (const [i, l] of lines.entries())
      (legend.querySelectorAll('.swatch')[i] as HTMLElement | undefined)?.style.setProperty('--swatch', l.colour);
    const element = h(
      'section',
      { class: 'card' },
      h('h2', {}, t(`chart-${name}`)),
      summary,
      canvas,
      legend,
      h(
        'details',
        {},
        h('summary', {}, t('numbers')),
        h(
          'div',
          { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': t(`chart-${name}`) },
          h('table', {}, h('thead', {}, h('tr', {}, h('th', {}, t('minute')), h('th', {}, t(`chart-${name}`)))), rows),
        ),
      ),
    );
    let plot: ReturnType<typeof chart> | undefined;
    return {
      element,
      show: async (minutes: readonly Minute[], text: string): Promise<void> => {
        summary.textContent = text;
        rows.replaceChildren(
          ...[...minutes]
            .reverse()
            .filter((m) => !m.away)
            .slice(0, 60)
            .map((m) => h('tr', {}, h('td', {}, clockTime(m.at)), h('td', {}, words(m)))),
        );
        plot ??= chart(canvas, lines, unit, gate.timeZone);
        const p = await plot;
        const table = minutes.map((m) => (m.away ? lines.map(() => null) : values(m)));
        p.setSize({ width: Math.max(280, canvas.clientWidth), height: 190 });
        p.setData([minutes.map((m) => m.at / 1000), ...lines.map((_, i) => table.map((row) => row[i] ?? null))]);
      },
    };
  }

  async function show(): Promise<void> {
    const report = await get<TrendsReport>('/trends');
    if (stop.signal.aborted) return;
    const since = Date.now() + state.ahead - hours * 3_600_000;
    const minutes = filled(
      report.minutes.filter((m) => m.at >= since),
      since,
    );
    const total = minutes.reduce((n, m) => n + m.passages, 0);
    const most = Math.max(0, ...minutes.map((m) => m.passages));
    const slow = Math.max(0, ...minutes.map((m) => m.decision?.max ?? 0));
    const noise = minutes.reduce((n, m) => n + Object.values(m.readers).reduce((k, r) => k + r.noise, 0), 0);
    showReasons(minutes);
    await passages.show(minutes, t('sum-passages', { total: number(total), most: number(most) }));
    await decision.show(minutes, t('sum-decision', { slowest: millis(slow) }));
    await quality.show(minutes, t('sum-quality', { noise: number(noise) }));
  }

  function showReasons(minutes: readonly Minute[]): void {
    const sums = new Map<string, number>();
    for (const m of minutes)
      for (const [reason, n] of Object.entries(m.reasons)) sums.set(reason, (sums.get(reason) ?? 0) + n);
    const sorted = [...sums].sort((a, b) => b[1] - a[1]);
    const most = sorted[0]?.[1] ?? 1;
    reasons.replaceChildren(
      h('h2', {}, t('chart-reasons')),
      sorted.length === 0
        ? h('p', { class: 'hint' }, t('no-refusals'))
        : h(
            'ul',
            { class: 'bars' },
            ...sorted.map(([reason, n]) =>
              h('li', {}, h('span', { class: 'main' }, reasonWords(reason)), share(n / most), h('b', {}, number(n))),
            ),
          ),
    );
  }

  void act(null, show);
  const timer = setInterval(() => void show().catch(() => {}), EVERY);
  return {
    leave: () => {
      stop.abort();
      clearInterval(timer);
    },
  };
}

/** A minute without the gate is a gap, not a straight line. */
function filled(minutes: readonly TrendMinute[], since: number): Minute[] {
  const known = new Map(minutes.map((m) => [m.at, m]));
  const out: Minute[] = [];
  for (let at = Math.ceil(since / 60_000) * 60_000; at <= Date.now(); at += 60_000)
    out.push(
      known.get(at) ?? {
        at,
        passages: 0,
        admitted: 0,
        refused: 0,
        reasons: {},
        decision: null,
        readers: {},
        away: true,
      },
    );
  return out;
}

/** A bar beside its number. */
function share(part: number): HTMLElement {
  const bar = h('span', {});
  bar.style.setProperty('--share', `${Math.round(part * 100)}%`);
  return h('span', { class: 'meter', 'aria-hidden': 'true' }, bar);
}
