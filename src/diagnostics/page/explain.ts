import type { ExplanationReport } from '../desk-model.js';
import { get } from './api.js';
import { act } from './dialog.js';
import { h, icon } from './dom.js';
import { dateTime, dayText } from './format.js';
import { language, t } from './i18n.js';
import { reasonWords } from './words.js';

/** Why does this code not open? The gate's own function answers, rule by rule; nothing is used up. */
export function explainBox(lane: string): HTMLElement {
  const code = h('input', {
    id: 'explain-code',
    autocomplete: 'off',
    autocapitalize: 'characters',
    spellcheck: 'false',
    maxlength: 256,
  });
  const answer = h('div', { class: 'answer', 'aria-live': 'polite' });
  const go = h('button', { type: 'submit', class: 'primary' }, t('explain'));
  return h(
    'section',
    { 'aria-labelledby': 'explain' },
    h('h2', { id: 'explain' }, t('explain-title')),
    h(
      'form',
      {
        class: 'card actions',
        onsubmit: (event: Event) => {
          event.preventDefault();
          if (code.value === '') return;
          void act(go, async () => {
            const query = new URLSearchParams({ code: code.value, lane, language });
            answer.replaceChildren(...explained(await get<ExplanationReport>(`/decide?${query.toString()}`)));
          });
        },
      },
      h('label', { for: 'explain-code' }, t('explain-how')),
      h('div', { class: 'row' }, code, go),
      answer,
    ),
  );
}

const SHAPE = { passed: 'ok', refused: 'bad', off: 'off' } as const;

/** The verdict, the gate's words, and every rule's verdict on every ticket. */
export function explained(report: ExplanationReport): Node[] {
  const { decision, words, before, candidates } = report;
  const row = (r: ExplanationReport['before'][number]): HTMLElement =>
    h(
      'li',
      { class: `rule ${r.verdict}` },
      icon(SHAPE[r.verdict]),
      h(
        'span',
        { class: 'main' },
        h('b', {}, t(`name-${r.rule}`)),
        h('span', { class: 'hint' }, [r.rule, inputs(r.inputs)].filter(Boolean).join(' · ')),
      ),
      h('span', { class: 'side' }, t(`rule-${r.verdict}`)),
    );
  // What refuses comes first, what was not asked is folded away.
  const rules = (list: ExplanationReport['before']): HTMLElement => {
    const off = list.filter((r) => r.verdict === 'off');
    const asked = [...list.filter((r) => r.verdict === 'refused'), ...list.filter((r) => r.verdict === 'passed')];
    return h(
      'div',
      {},
      asked.length > 0 && h('ul', { class: 'rules' }, ...asked.map(row)),
      off.length > 0 &&
        h(
          'details',
          {},
          h('summary', {}, t('rules-off', { count: off.length })),
          h('ul', { class: 'rules' }, ...off.map(row)),
        ),
    );
  };
  return [
    h(
      'p',
      { class: `verdict ${decision.admitted ? 'yes' : 'no'}` },
      icon(decision.admitted ? 'ok' : 'bad'),
      h('span', { class: 'word' }, decision.admitted ? t('would-admit') : t('would-refuse')),
      h('span', { class: 'why' }, decision.admitted ? '' : reasonWords(decision.reason)),
    ),
    h('ul', { class: 'plain words' }, ...words.map((w) => h('li', {}, w))),
    ...(before.length > 0 ? [h('h3', {}, t('rules-before')), rules(before)] : []),
    ...candidates.flatMap((c) => [
      h('h3', {}, `${t('ticket')} ${c.ticket.barcode}`, c.chosen && h('span', { class: 'chip info' }, t('chosen'))),
      rules(c.rules),
    ]),
  ];
}

function inputs(of: unknown): string {
  return Object.entries((of ?? {}) as Record<string, unknown>)
    .filter(([, v]) => v !== undefined && v !== null)
    .map(([k, v]) => `${k}: ${DAYS.has(k) && typeof v === 'number' ? dayText(v) : said(v)}`)
    .join(' · ');
}

/** Facts that are days, counted from 1970. */
const DAYS = new Set(['today', 'from', 'to', 'lastDay', 'lastUsed']);

/** A number as large as a time of our days is one. */
function said(value: unknown): string {
  if (typeof value === 'number') return value > 1e12 ? dateTime(value) : String(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
