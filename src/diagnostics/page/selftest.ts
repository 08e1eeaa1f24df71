import type { GuidedReport, GuidedStep } from '../live-model.js';
import type { GateEvent, LaneReport, ReadEvent, SelfTestReport } from '../reports.js';
import { mask } from '../../domain/credential.js';
import { gate, may, post, postConfirmed } from './api.js';
import { ask } from './dialog.js';
import { h, icon, rich, say } from './dom.js';
import { dateTime, millis } from './format.js';
import { t } from './i18n.js';
import { onEvent, state } from './store.js';
import { conditionWords, laneName, roleName } from './words.js';

/** The lane is held for this long and the word is renewed in time, seconds. */
const HOLD = 45;
const RENEW = 15_000;

type Result = Omit<GuidedStep, 'lane' | 'name'>;
const pass = (detail: string, ms?: number): Result => ({
  result: 'pass',
  detail,
  ...(ms !== undefined && { ms: Math.round(ms) }),
});
const fail = (detail: string): Result => ({ result: 'fail', detail });

/** Choose a lane, then step by step; ends with a report that can be printed. */
export function testScreen(into: HTMLElement, id: string | undefined): { leave(): void } {
  const stop = new AbortController();
  const leave = { leave: () => stop.abort() };
  const lanes = state.status?.lanes ?? [];
  const lane = lanes.find((l) => l.id === id);
  if (!may('technician')) {
    into.replaceChildren(h('h1', {}, t('selftest')), h('p', { class: 'card' }, t('only-technician')));
    return leave;
  }
  if (!lane) {
    into.replaceChildren(
      h('h1', {}, t('selftest')),
      h('p', { class: 'card' }, t('selftest-how')),
      h(
        'div',
        { class: 'grid-cards' },
        ...lanes.map((l) =>
          h(
            'a',
            { class: 'button primary big', href: `#/test/${encodeURIComponent(l.id)}` },
            icon('test'),
            ` ${t('test-lane', { lane: laneName(l) })}`,
          ),
        ),
      ),
    );
    return leave;
  }
  void run(into, lane, stop.signal);
  return leave;
}

/** What a person is asked in one step; resolves with the answer. */
interface Asking {
  text: string;
  buttons: { label: string; result: () => Result | Promise<Result>; kind?: 'primary' | 'danger' | 'quiet' }[];
  /** Ends the step by itself, too. */
  or?: (signal: AbortSignal) => Promise<Result>;
}

async function run(into: HTMLElement, lane: LaneReport, stop: AbortSignal): Promise<void> {
  const api = `/lanes/${encodeURIComponent(lane.id)}`;
  const steps: GuidedStep[] = [];
  const done = h('ol', { class: 'steps' });
  const current = h('div', { class: 'card current' });
  into.replaceChildren(
    h('h1', {}, t('test-lane', { lane: laneName(lane) })),
    h('p', { class: 'hint' }, t('test-held')),
    current,
    done,
  );
  const hold = (): Promise<void> => postConfirmed(`${api}/test`, { seconds: HOLD });
  const reads = listen(stop);
  const renew = setInterval(() => void hold().catch(() => {}), RENEW);
  const over = (): void => {
    clearInterval(renew);
    reads.close();
    void postConfirmed(`${api}/test`, { seconds: 0 }).catch(() => {});
  };
  stop.addEventListener('abort', over, { once: true });

  const record = (name: string, result: Result): void => {
    steps.push({ lane: lane.id, name, ...result });
    done.append(stepRow(steps.at(-1) as GuidedStep));
    say(`${name}: ${t(`res-${result.result}`)}`);
  };
  const guided = async (name: string, asking: Asking): Promise<Result> => {
    const mine = new AbortController();
    const signal = AbortSignal.any([mine.signal, stop]);
    const result = await new Promise<Result>((resolve) => {
      const button = (b: Asking['buttons'][number]): HTMLElement =>
        h(
          'button',
          {
            type: 'button',
            class: `big ${b.kind ?? ''}`,
            onclick: () => void Promise.resolve(b.result()).then(resolve),
          },
          b.label,
        );
      current.replaceChildren(
        h('h2', { tabindex: -1 }, `${steps.length + 1}. ${name}`),
        h('p', { class: 'instruction' }, asking.text),
        h('div', { class: 'row wide' }, ...asking.buttons.map(button)),
        h(
          'button',
          { type: 'button', class: 'quiet', onclick: () => resolve({ result: 'skipped', detail: t('skipped-by') }) },
          t('skip'),
        ),
      );
      (current.querySelector('h2') as HTMLElement).focus();
      void asking.or?.(signal).then(resolve, () => {});
    });
    mine.abort();
    record(name, result);
    return result;
  };
  const asks = (name: string, text: string): Promise<Result> =>
    guided(name, {
      text,
      buttons: [
        { label: t('yes'), result: () => pass(t('seen')), kind: 'primary' },
        { label: t('no'), result: () => fail(t('not-seen')), kind: 'danger' },
      ],
    });

  try {
    await hold();
    current.replaceChildren(h('p', { class: 'instruction' }, t('asking-devices')));
    const bad = (state.status?.conditions ?? []).filter(
      (c) => c.kind !== 'lane-held' && (c.lane === undefined || c.lane === lane.id),
    );
    record(
      t('step-gate'),
      bad.length === 0 ? pass(t('all-well')) : fail(bad.map((c) => conditionWords(c).what).join('; ')),
    );
    const devices = await post<SelfTestReport[]>(`/selftest?lane=${encodeURIComponent(lane.id)}`);
    for (const { role, steps: found } of devices)
      for (const s of found)
        if (s.ok !== null) record(`${roleName(role)}: ${s.name}`, s.ok ? pass(s.detail) : fail(s.detail));
    for (const { role } of lane.devices.filter((d) => d.role.startsWith('reader'))) await readerStep(role);
    if (lane.devices.some((d) => d.role === 'indicator')) {
      for (const pattern of ['admit', 'refuse'] as const) {
        await post(`${api}/show`, { pattern });
        await asks(`${t('indicator')}: ${t(`pat-${pattern}`)}`, t(`see-${pattern}`));
      }
    }
    const opened = await openStep();
    if (lane.passageSensor && opened.result === 'pass') await walkStep();
    if (lane.lines?.some((l) => l.name === 'fire')) await fireStep();
    else record(t('step-fire'), { result: 'skipped', detail: t('no-fire') });
    if (stop.aborted) return;
    const kept = await post<GuidedReport>('/selftest/report', { steps, devices });
    current.replaceChildren();
    into.replaceChildren(report(kept, lane));
  } catch (error) {
    if (!stop.aborted) current.replaceChildren(h('p', { class: 'problem', role: 'alert' }, (error as Error).message));
  } finally {
    over();
  }

  async function readerStep(role: string): Promise<void> {
    const device = `${lane.id}/${role}`;
    await guided(roleName(role), {
      text: t('present-card', { reader: roleName(role) }),
      buttons: [{ label: t('nothing-happens'), result: () => fail(t('no-read')), kind: 'danger' }],
      or: async (signal) => {
        const started = performance.now();
        const read = await reads.next(device, signal);
        return pass(
          `${mask(read.text)} · ${read.medium} · ${t(read.known ? 'in-list' : 'not-in-list')}`,
          performance.now() - started,
        );
      },
    });
  }

  /** Only a person sees which turnstile moved. */
  async function openStep(): Promise<Result> {
    const others = (state.status?.lanes ?? []).filter((l) => l.id !== lane.id);
    return guided(t('step-open'), {
      text: t('open-how', { lane: laneName(lane) }),
      buttons: [
        {
          label: t('open-now'),
          kind: 'danger',
          result: async () => {
            if (!(await ask(t('pulse'), t('ask-pulse', { lane: laneName(lane) }), t('pulse'))))
              return { result: 'skipped', detail: t('skipped-by') };
            try {
              await postConfirmed(`${api}/pulse`);
            } catch (error) {
              return fail((error as Error).message);
            }
            return which(others);
          },
        },
      ],
    });
  }

  function which(others: LaneReport[]): Promise<Result> {
    return new Promise((resolve) => {
      const swapped = (other: string): Result => fail(t('opened-other', { lane: laneName(lane), other }));
      const choice = (label: string, result: Result, kind = ''): HTMLElement =>
        h('button', { type: 'button', class: `big ${kind}`, onclick: () => resolve(result) }, label);
      current.replaceChildren(
        h('h2', { tabindex: -1 }, t('which-opened')),
        h(
          'div',
          { class: 'stack' },
          choice(t('this-one', { lane: laneName(lane) }), pass(t('opened-this')), 'primary'),
          ...others.map((o) => choice(t('that-one', { lane: laneName(o) }), swapped(laneName(o)), 'danger')),
          ...(others.length === 0 ? [choice(t('another-one'), swapped(t('another-one')), 'danger')] : []),
          choice(t('nothing-opened'), fail(t('opened-nothing', { lane: laneName(lane) })), 'danger'),
        ),
      );
      (current.querySelector('h2') as HTMLElement).focus();
    });
  }

  async function walkStep(): Promise<void> {
    const name = t('step-walk');
    const go = await guided(name, {
      text: t('walk-how'),
      buttons: [{ label: t('open-now'), kind: 'danger', result: () => pass('') }],
    });
    if (go.result !== 'pass') return;
    steps.pop();
    done.lastChild?.remove();
    const started = performance.now();
    await postConfirmed(`${api}/pulse`);
    await guided(name, {
      text: t('walk-now'),
      buttons: [{ label: t('not-noticed'), result: () => fail(t('no-passage')), kind: 'danger' }],
      or: async (signal) => {
        const { data } = await event(
          (e) =>
            e.event === 'incident' &&
            (e.data.what === 'forced' || e.data.what === 'passage' || e.data.what === 'tailgating'),
          signal,
        );
        const seen = data as { lane: string; direction?: string };
        const ms = performance.now() - started;
        if (seen.lane !== lane.id) return fail(t('passage-elsewhere', { other: seen.lane }));
        return seen.direction === undefined || seen.direction === lane.direction
          ? pass(t('passage-seen'), ms)
          : fail(t('passage-wrong-way'));
      },
    });
  }

  async function fireStep(): Promise<void> {
    await guided(t('step-fire'), {
      text: t('fire-how'),
      buttons: [{ label: t('not-noticed'), result: () => fail(t('no-fire-seen')), kind: 'danger' }],
      or: async (signal) => {
        const mine = (what: string) => (e: GateEvent) =>
          e.event === 'incident' && e.data.lane === lane.id && e.data.what === what;
        await event(mine('fire'), signal);
        const started = performance.now();
        (current.querySelector('.instruction') as HTMLElement).textContent = t('fire-release');
        await event(mine('fire-over'), signal);
        return pass(t('fire-seen'), performance.now() - started);
      },
    });
  }
}

function event(wanted: (event: GateEvent) => boolean, signal: AbortSignal): Promise<GateEvent> {
  return new Promise((resolve, reject) => {
    const off = onEvent((e) => {
      if (!wanted(e)) return;
      off();
      resolve(e);
    });
    signal.addEventListener('abort', () => {
      off();
      reject(new Error('over'));
    });
  });
}

/** Whole reads, only while somebody tests. */
function listen(stop: AbortSignal): { next(device: string, signal: AbortSignal): Promise<ReadEvent>; close(): void } {
  const source = new EventSource('/api/events?reads=1');
  stop.addEventListener('abort', () => source.close());
  return {
    close: () => source.close(),
    next: (device, signal) =>
      new Promise((resolve, reject) => {
        const heard = (e: Event): void => {
          const read = JSON.parse((e as MessageEvent<string>).data) as ReadEvent;
          if (read.device !== device) return;
          source.removeEventListener('read', heard);
          resolve(read);
        };
        source.addEventListener('read', heard);
        signal.addEventListener('abort', () => {
          source.removeEventListener('read', heard);
          reject(new Error('over'));
        });
      }),
  };
}

const SHAPE = { pass: 'ok', fail: 'bad', skipped: 'info' } as const;

function stepRow(step: GuidedStep): HTMLElement {
  return h(
    'li',
    { class: `step ${step.result}` },
    icon(SHAPE[step.result]),
    h('span', { class: 'main' }, h('b', {}, step.name), h('span', { class: 'hint' }, ...rich(step.detail))),
    h('span', { class: 'side' }, t(`res-${step.result}`), step.ms === undefined ? '' : ` · ${millis(step.ms)}`),
  );
}

/** Printable: the browser makes the PDF. */
function report(kept: GuidedReport, lane: LaneReport): HTMLElement {
  const failed = kept.steps.filter((s) => s.result === 'fail').length;
  const verdict = failed === 0 ? 'pass' : 'fail';
  return h(
    'article',
    { class: 'report' },
    h('h1', {}, t('report')),
    h(
      'p',
      { class: `verdict ${failed === 0 ? 'yes' : 'no'}` },
      icon(SHAPE[verdict]),
      h('span', { class: 'word' }, failed === 0 ? t('report-pass') : t('report-fail', { count: failed })),
    ),
    h(
      'dl',
      { class: 'facts card' },
      ...[
        [t('gate'), `${gate.name} (${gate.id})`],
        [t('lane'), `${laneName(lane)} (${lane.id})`],
        [t('when'), dateTime(kept.at)],
        [t('by'), kept.who],
        [t('version'), `Portillon ${kept.version}`],
        [t('devices'), lane.devices.map((d) => `${roleName(d.role)}: ${d.driver}`).join(', ')],
      ].map(([name, value]) => h('div', { class: 'fact info' }, h('dt', {}, name), h('dd', {}, value))),
    ),
    h('ol', { class: 'steps' }, ...kept.steps.map(stepRow)),
    h('p', { class: 'sign' }, t('signature')),
    h(
      'div',
      { class: 'row wide no-print' },
      h('button', { type: 'button', class: 'primary big', onclick: () => window.print() }, t('print')),
      h('a', { class: 'button big', href: '#/test' }, t('another-test')),
    ),
  );
}
