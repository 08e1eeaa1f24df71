import type { ExplanationReport } from '../desk-model.js';
import { post, postConfirmed } from './api.js';
import { act, ask, toast } from './dialog.js';
import { h, icon } from './dom.js';
import { explained } from './explain.js';
import { language, t } from './i18n.js';
import { state } from './store.js';
import { laneName } from './words.js';

/** What a steward does for a person in front of the lane: look, let in all the same, give an entry back. */
export function stewardBox(lane: string): HTMLElement {
  const code = h('input', { id: 'steward-code', autocomplete: 'off', spellcheck: 'false', maxlength: 256 });
  const why = h('input', { id: 'steward-why', autocomplete: 'off', maxlength: 200 });
  const answer = h('div', { class: 'answer', 'aria-live': 'polite' });
  const name = (): string => laneName(state.status?.lanes.find((l) => l.id === lane) ?? { id: lane });
  const button = (
    key: 'look' | 'force' | 'give-back',
    kind: string,
    action: (e: HTMLButtonElement) => Promise<void>,
  ): HTMLElement =>
    h(
      'button',
      {
        type: 'button',
        class: kind,
        onclick: (e: Event) => {
          if (code.value === '') return code.focus();
          return void action(e.currentTarget as HTMLButtonElement);
        },
      },
      icon(key === 'look' ? 'info' : key === 'force' ? 'walk' : 'hand'),
      ' ',
      t(key),
    );
  const look = (b: HTMLButtonElement): Promise<void> =>
    act(b, async () => {
      answer.replaceChildren(
        ...explained(
          await post<ExplanationReport>('/steward/look', { code: code.value, lane, language, why: why.value }),
        ),
      );
    });
  const force = async (b: HTMLButtonElement): Promise<void> => {
    if (why.value === '') {
      toast(t('why-needed'), 'bad');
      return why.focus();
    }
    if (await ask(t('force'), t('ask-force', { lane: name() }), t('force')))
      await act(b, () => postConfirmed('/steward/force', { code: code.value, lane, why: why.value }), t('pulsed'));
  };
  const giveBack = async (b: HTMLButtonElement): Promise<void> => {
    if (await ask(t('give-back'), t('ask-give-back'), t('give-back')))
      await act(b, () => postConfirmed('/steward/giveback', { code: code.value, why: why.value }), t('done'));
  };
  return h(
    'section',
    { 'aria-labelledby': 'steward' },
    h('h2', { id: 'steward' }, t('steward-title')),
    h(
      'div',
      { class: 'card actions' },
      h('label', { for: 'steward-code' }, t('code')),
      code,
      h('label', { for: 'steward-why' }, t('why')),
      why,
      h(
        'div',
        { class: 'row grid' },
        button('look', '', look),
        button('give-back', 'danger', giveBack),
        button('force', 'danger', force),
      ),
      answer,
    ),
  );
}
