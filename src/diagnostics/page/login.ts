import { ApiError, gate, login, me, pinIsSet, postConfirmed } from './api.js';
import { act } from './dialog.js';
import { h, icon } from './dom.js';
import { t } from './i18n.js';

const NAME = 'portillon-name';

/** Who are you? Resolves when somebody has come in. */
export function loginScreen(into: HTMLElement): Promise<void> {
  return new Promise((resolve) => {
    const name = h('input', {
      id: 'name',
      name: 'name',
      autocomplete: 'username',
      required: true,
      maxlength: 40,
      value: localStorage.getItem(NAME) ?? '',
    });
    const pin = h('input', {
      id: 'pin',
      name: 'pin',
      type: 'password',
      autocomplete: 'current-password',
      required: true,
      maxlength: 200,
    });
    const show = h('button', { type: 'button', class: 'quiet small', 'aria-pressed': 'false' }, t('show'));
    show.addEventListener('click', () => {
      const hidden = pin.type === 'password';
      pin.type = hidden ? 'text' : 'password';
      show.setAttribute('aria-pressed', String(hidden));
    });
    const problem = h('p', { class: 'problem', role: 'alert' });
    const enter = h('button', { type: 'submit', class: 'primary big' }, t('come-in'));
    let waiting: ReturnType<typeof setInterval> | undefined;
    const wait = (seconds: number): void => {
      const until = Date.now() + seconds * 1000;
      clearInterval(waiting);
      enter.disabled = true;
      waiting = setInterval(() => {
        const left = Math.ceil((until - Date.now()) / 1000);
        problem.textContent = left > 0 ? t('wait-pin', { seconds: left }) : '';
        if (left > 0) return;
        clearInterval(waiting);
        enter.disabled = false;
      }, 250);
    };
    const form = h(
      'form',
      {
        class: 'card login',
        onsubmit: (event: Event) => {
          event.preventDefault();
          void (async () => {
            enter.disabled = true;
            problem.textContent = '';
            try {
              localStorage.setItem(NAME, name.value);
              await login(name.value, pin.value);
              if (me?.mustSetPin) await setPinScreen(into);
              resolve();
            } catch (error) {
              enter.disabled = false;
              if (error instanceof ApiError && error.wait !== undefined) wait(error.wait);
              else
                problem.textContent =
                  error instanceof ApiError && error.status === 401
                    ? t('wrong-pin')
                    : error instanceof TypeError
                      ? t('unreachable')
                      : (error as Error).message;
              pin.select();
            }
          })();
        },
      },
      h('h1', {}, icon('lane'), ' ', gate.name || 'Portillon'),
      h('label', { for: 'name' }, t('your-name')),
      name,
      h('p', { class: 'hint' }, t('your-name-why')),
      h('label', { for: 'pin' }, t('pin')),
      h('div', { class: 'row' }, pin, show),
      problem,
      enter,
      h('details', {}, h('summary', {}, t('no-pin')), h('p', {}, t('no-pin-how'))),
    );
    into.replaceChildren(h('main', { class: 'center' }, form));
    (name.value === '' ? name : pin).focus();
  });
}

/** Whoever came in with the one-time PIN sets the technician's. */
function setPinScreen(into: HTMLElement): Promise<void> {
  return new Promise((resolve) => {
    const one = h('input', {
      id: 'new-pin',
      type: 'password',
      autocomplete: 'new-password',
      required: true,
      minlength: 6,
    });
    const two = h('input', {
      id: 'again',
      type: 'password',
      autocomplete: 'new-password',
      required: true,
      minlength: 6,
    });
    const save = h('button', { type: 'submit', class: 'primary big' }, t('save-pin'));
    const problem = h('p', { class: 'problem', role: 'alert' });
    const form = h(
      'form',
      {
        class: 'card login',
        onsubmit: (event: Event) => {
          event.preventDefault();
          if (one.value !== two.value) {
            problem.textContent = t('pins-differ');
            return;
          }
          void act(save, async () => {
            await postConfirmed('/access/pins/technician', { pin: one.value });
            pinIsSet();
            resolve();
          });
        },
      },
      h('h1', {}, t('set-pin')),
      h('p', {}, t('set-pin-why')),
      h('label', { for: 'new-pin' }, t('new-pin')),
      one,
      h('label', { for: 'again' }, t('pin-again')),
      two,
      problem,
      save,
    );
    into.replaceChildren(h('main', { class: 'center' }, form));
    one.focus();
  });
}
