import type { TicketReport } from '../reports.js';
import { get } from './api.js';
import { act } from './dialog.js';
import { h, icon } from './dom.js';
import { dateTime } from './format.js';
import { t } from './i18n.js';
import { reasonHint, reasonWords } from './words.js';

/** Why does this code not open? The gate's own function answers; nothing is used up. */
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
            const report = await get<TicketReport>(`/ticket/${encodeURIComponent(code.value)}`);
            answer.replaceChildren(...shown(report, lane));
          });
        },
      },
      h('label', { for: 'explain-code' }, t('explain-how')),
      h('div', { class: 'row' }, code, go),
      answer,
    ),
  );
}

function shown(report: TicketReport, lane: string): Node[] {
  const mine = report.decisions.filter((d) => d.lane === lane);
  return [
    ...mine.map(({ decision }) =>
      h(
        'p',
        { class: `verdict ${decision.admitted ? 'yes' : 'no'}` },
        icon(decision.admitted ? 'ok' : 'bad'),
        h('span', { class: 'word' }, decision.admitted ? t('would-admit') : t('would-refuse')),
        h('span', { class: 'why' }, decision.admitted ? '' : reasonWords(decision.reason)),
        h('span', { class: 'hint' }, decision.admitted ? '' : reasonHint(decision.reason)),
      ),
    ),
    h(
      'p',
      { class: 'hint' },
      t(report.via === 'none' ? 'via-none' : report.via === 'container' ? 'via-container' : 'via-ticket'),
    ),
    ...report.tickets.map(({ ticket, usage }) =>
      h(
        'dl',
        { class: 'facts' },
        ...Object.entries({ ...ticket, ...flat(usage) })
          .filter(([, v]) => ['string', 'number', 'boolean'].includes(typeof v))
          .map(([name, v]) =>
            h(
              'div',
              { class: 'fact info' },
              h('dt', {}, name),
              h('dd', {}, /valid|At$|^at$/.test(name) && typeof v === 'number' ? dateTime(v) : String(v as string)),
            ),
          ),
      ),
    ),
  ];
}

const flat = (usage: unknown): Record<string, unknown> =>
  typeof usage === 'object' && usage !== null ? { ...usage } : {};
