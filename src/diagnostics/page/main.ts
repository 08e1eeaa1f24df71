import { gate, me, whenLoggedOut, whoAmI } from './api.js';
import { draw, h, icon, say } from './dom.js';
import type { Shape } from './dom.js';
import { clockTime, duration } from './format.js';
import { chooseLanguage, language, t } from './i18n.js';
import { laneScreen } from './lane.js';
import { loginScreen } from './login.js';
import { moreScreen } from './more.js';
import { nowScreen } from './now.js';
import { testScreen } from './selftest.js';
import { onChange, start, state, stop } from './store.js';
import { trendsScreen } from './trends.js';
import { healthShape, reasonWords } from './words.js';

const app = document.getElementById('app') as HTMLElement;
document.documentElement.dataset.theme = localStorage.getItem('portillon-theme') ?? 'auto';

interface Screen {
  update?(): void;
  leave?(): void;
}
let screen: Screen = {};
let bar: HTMLElement | undefined;
let away: HTMLElement | undefined;
let main: HTMLElement | undefined;

const TABS: readonly { name: 'now' | 'test' | 'trends' | 'more'; shape: Shape }[] = [
  { name: 'now', shape: 'now' },
  { name: 'test', shape: 'test' },
  { name: 'trends', shape: 'trends' },
  { name: 'more', shape: 'more' },
];

function layout(): void {
  bar = h('header', { class: 'bar' });
  away = h('div', { class: 'away', role: 'alert', hidden: true });
  main = h('main', { id: 'main', tabindex: -1 });
  app.replaceChildren(
    h('a', { class: 'skip', href: '#main', onclick: (e: Event) => (e.preventDefault(), main?.focus()) }, t('skip-nav')),
    bar,
    away,
    main,
    h(
      'nav',
      { 'aria-label': t('screens') },
      ...TABS.map(({ name, shape }) =>
        h('a', { href: `#/${name}`, 'data-tab': name }, icon(shape), h('span', {}, t(name))),
      ),
    ),
  );
}

function route(): void {
  if (!me || !main) return;
  screen.leave?.();
  const [, name = 'now', id] = location.hash.split('/');
  const of = id === undefined ? undefined : decodeURIComponent(id);
  const tab = name === 'lane' ? 'now' : name;
  for (const a of app.querySelectorAll('nav a'))
    if (a.getAttribute('data-tab') === tab) a.setAttribute('aria-current', 'page');
    else a.removeAttribute('aria-current');
  const into = h('div', { class: `screen ${name}` });
  main.replaceChildren(into);
  if (name === 'lane' && of !== undefined) screen = laneScreen(into, of);
  else if (name === 'test') screen = testScreen(into, of);
  else if (name === 'trends') screen = trendsScreen(into);
  else if (name === 'more') screen = moreScreen(into, anew);
  else screen = { update: nowScreen(into) };
  window.scrollTo(0, 0);
  update();
}

/** Everything in the other language. */
function anew(): void {
  layout();
  route();
}

let told = 0;
function update(): void {
  if (!bar || !away) return;
  const { status, link } = state;
  const health = status?.health ?? 'degraded';
  const shape: Shape = link === 'away' ? 'away' : healthShape[health];
  draw(bar, [language, link, health, gate.name], () => [
    h('a', { class: 'name', href: '#/now' }, gate.name),
    h(
      'span',
      { class: `pill ${link === 'away' ? 'bad' : shape}` },
      icon(shape),
      ' ',
      link === 'live' ? t(`health-${health}`) : link === 'away' ? t('unreachable-short') : t('connecting'),
    ),
  ]);
  away.hidden = link !== 'away';
  document.body.classList.toggle('stale', link === 'away');
  const since = Math.floor((Date.now() - state.heardAt) / 1000);
  if (link === 'away')
    draw(away, [language, since], () => [
      icon('away'),
      ' ',
      h('b', {}, t('unreachable')),
      h(
        'span',
        {},
        state.heardAt > 0 ? ` ${t('stale', { time: clockTime(state.heardAt), ago: duration(since * 1000) })}` : '',
      ),
    ]);
  const last = state.recent.at(-1);
  if (last?.event === 'decision' && last.data.at > told) {
    // The first is what was there already.
    if (told > 0) say(`${last.data.lane}: ${last.data.admitted ? t('admitted') : reasonWords(last.data.reason)}`);
    told = last.data.at;
  }
  screen.update?.();
}

async function enter(): Promise<void> {
  stop();
  screen.leave?.();
  screen = {};
  if (!me || me.mustSetPin) {
    document.body.classList.remove('stale');
    await loginScreen(app);
  }
  layout();
  start();
  // A screen that lists lanes waits until they are known.
  const off = onChange(() => {
    if (!state.status) return;
    off();
    route();
  });
  update();
}

async function boot(): Promise<void> {
  for (;;) {
    try {
      await whoAmI();
      break;
    } catch {
      chooseLanguage('en');
      app.replaceChildren(
        h('main', { class: 'center' }, h('p', { class: 'card' }, icon('away'), ' ', t('unreachable'))),
      );
      await new Promise((resolve) => setTimeout(resolve, 1_500));
    }
  }
  chooseLanguage(gate.language);
  document.title = `${gate.name} · Portillon`;
  onChange(update);
  window.addEventListener('hashchange', route);
  whenLoggedOut(() => void enter());
  await enter();
}

void boot();
