import { h, icon, say } from './dom.js';
import { t } from './i18n.js';

/** Asks again, in words that name what will move. Resolves with whether the person said yes. */
export function ask(title: string, text: string, yes: string): Promise<boolean> {
  return new Promise((resolve) => {
    const dialog: HTMLDialogElement = h(
      'dialog',
      { class: 'ask', 'aria-labelledby': 'ask-title' },
      h('h2', { id: 'ask-title' }, icon('warn'), ' ', title),
      h('p', {}, text),
      h(
        'div',
        { class: 'row wide' },
        h('button', { type: 'button', class: 'quiet', onclick: () => dialog.close('no') }, t('cancel')),
        h('button', { type: 'button', class: 'danger', onclick: () => dialog.close('yes') }, yes),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** A short word at the bottom of the screen, also for a screen reader. */
export function toast(text: string, kind: 'ok' | 'bad' = 'ok'): void {
  document.querySelector('.toast')?.remove();
  const element = h('div', { class: `toast ${kind}` }, icon(kind), ' ', text);
  document.body.append(element);
  say(text);
  setTimeout(() => element.remove(), 5_000);
}

/** Runs an action of a button: it is off while it runs, and what went wrong is said. */
export async function act(
  button: HTMLButtonElement | null,
  action: () => Promise<unknown>,
  done?: string,
): Promise<void> {
  if (button) button.disabled = true;
  try {
    await action();
    if (done !== undefined) toast(done);
  } catch (error) {
    toast(error instanceof TypeError ? t('unreachable') : (error as Error).message, 'bad');
  } finally {
    if (button) button.disabled = false;
  }
}
