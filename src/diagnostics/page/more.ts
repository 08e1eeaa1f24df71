import type { PageDoor } from '../api-access.js';
import { ROLES } from '../actor.js';
import type { Language } from '../../domain/reasons.js';
import { get, logout, may, me, post, postConfirmed } from './api.js';
import { act, ask, toast } from './dialog.js';
import { h, icon } from './dom.js';
import { LANGUAGE_NAMES, language, setLanguage, t } from './i18n.js';

const SHOWN_LINES = 200;

/** What is needed seldom: bundle, list, logs, PINs, language and brightness. */
export function moreScreen(into: HTMLElement, again: () => void): { leave(): void } {
  const leaving: (() => void)[] = [];
  const sections: HTMLElement[] = [settings(again)];
  if (may('technician')) sections.push(bundle(), list(), logs(leaving), access());
  sections.push(
    section(
      'session',
      h('p', {}, t('you-are', { name: me?.name ?? '', role: me ? t(`role-${me.role}`) : '' })),
      h(
        'button',
        {
          type: 'button',
          onclick: (e: Event) =>
            void act(e.currentTarget as HTMLButtonElement, async () => {
              await logout();
              location.reload();
            }),
        },
        t('log-out'),
      ),
    ),
  );
  into.replaceChildren(h('h1', {}, t('more')), h('div', { class: 'grid-cards' }, ...sections));
  return { leave: () => leaving.forEach((f) => f()) };
}

function section(name: Parameters<typeof t>[0], ...children: Node[]): HTMLElement {
  return h('section', { class: 'card actions' }, h('h2', {}, t(name)), ...children);
}

export function setTheme(theme: string): void {
  localStorage.setItem('portillon-theme', theme);
  document.documentElement.dataset.theme = theme;
}

function settings(again: () => void): HTMLElement {
  const theme = document.documentElement.dataset.theme ?? 'auto';
  return section(
    'display',
    h('label', { for: 'language' }, t('language')),
    h(
      'select',
      {
        id: 'language',
        onchange: (e: Event) => {
          setLanguage((e.target as HTMLSelectElement).value as Language);
          again();
        },
      },
      ...Object.entries(LANGUAGE_NAMES).map(([code, name]) =>
        h('option', { value: code, selected: code === language, lang: code }, name),
      ),
    ),
    h('p', { id: 'theme' }, t('brightness')),
    h(
      'div',
      { class: 'row wide', role: 'group', 'aria-labelledby': 'theme' },
      ...(['auto', 'dark', 'day'] as const).map((name) =>
        h(
          'button',
          {
            type: 'button',
            'aria-pressed': String(theme === name),
            onclick: () => {
              setTheme(name);
              again();
            },
          },
          t(`theme-${name}`),
        ),
      ),
    ),
  );
}

function bundle(): HTMLElement {
  return section(
    'bundle',
    h('p', {}, t('bundle-what')),
    h('a', { class: 'button primary', href: '/api/bundle', download: '' }, t('bundle-get')),
  );
}

function list(): HTMLElement {
  const button = (what: 'pull' | 'push'): HTMLElement =>
    h(
      'button',
      {
        type: 'button',
        onclick: (e: Event) =>
          void act(e.currentTarget as HTMLButtonElement, async () => {
            const { ok, error } = await post<{ ok: boolean; error?: string }>(`/sync?what=${what}`);
            toast(ok ? t('done') : (error ?? '?'), ok ? 'ok' : 'bad');
          }),
      },
      t(what),
    );
  return section(
    'list-and-queue',
    h('p', {}, t('list-what')),
    h('div', { class: 'row wide' }, button('pull'), button('push')),
  );
}

function logs(leaving: (() => void)[]): HTMLElement {
  const lines = h('ol', { class: 'log', tabindex: 0, 'aria-label': t('logs') });
  const level = h('select', { id: 'level' }, ...['info', 'warn', 'error'].map((l) => h('option', { value: l }, l)));
  let source: EventSource | undefined;
  const follow = (): void => {
    source?.close();
    lines.replaceChildren();
    source = new EventSource(`/api/logs?follow=1&limit=100&level=debug`);
    source.addEventListener('log', (event) => {
      const row = logRow((event as MessageEvent<string>).data, level.value);
      if (!row) return;
      lines.prepend(row);
      while (lines.children.length > SHOWN_LINES) lines.lastChild?.remove();
    });
  };
  level.addEventListener('change', follow);
  leaving.push(() => source?.close());
  const start = h('button', { type: 'button', onclick: () => follow() }, t('show-logs'));
  return section('logs', h('div', { class: 'row' }, h('label', { for: 'level' }, t('level')), level, start), lines);
}

const RANK: Record<string, number> = { debug: 0, info: 1, warn: 2, error: 3 };

function logRow(text: string, least: string): HTMLElement | undefined {
  let facts: Record<string, unknown>;
  try {
    facts = JSON.parse(text) as Record<string, unknown>;
  } catch {
    facts = { level: 'info', msg: text };
  }
  const { level, time, msg, ...rest } = facts;
  const at = String(level);
  if ((RANK[at] ?? 1) < (RANK[least] ?? 1)) return undefined;
  return h(
    'li',
    { class: at },
    h('span', { class: 'side' }, `${String(time as string).slice(11, 19)} ${at}`),
    h('b', {}, String(msg as string)),
    h(
      'span',
      { class: 'hint' },
      Object.entries(rest)
        .map(([k, v]) => `${k}=${typeof v === 'object' ? JSON.stringify(v) : String(v as string)}`)
        .join(' '),
    ),
  );
}

function access(): HTMLElement {
  const facts = h('div', {});
  const role = h('select', { id: 'pin-role' }, ...ROLES.map((r) => h('option', { value: r }, t(`role-${r}`))));
  const pin = h('input', {
    id: 'pin-new',
    type: 'password',
    autocomplete: 'new-password',
    minlength: 6,
    required: true,
  });
  const save = h('button', { type: 'submit' }, t('save-pin'));
  const show = async (): Promise<void> => {
    const report = await get<ReturnType<PageDoor['report']>>('/access');
    facts.replaceChildren(
      h(
        'ul',
        { class: 'plain' },
        ...ROLES.map((r) => {
          const from = report.roles[r];
          return h(
            'li',
            {},
            icon(from === null ? 'info' : 'ok'),
            ` ${t(`role-${r}`)}: ${t(from === null ? 'pin-none' : from === 'page' ? 'pin-page' : 'pin-config')}`,
          );
        }),
      ),
      h(
        'p',
        { class: 'hint' },
        `${t('logged-in')}: ${report.open.map((o) => `${o.name} (${t(`role-${o.role as 'viewer'}`)})`).join(', ')}`,
      ),
      h('p', { class: 'hint' }, report.addresses.join('  ')),
      report.fingerprint === null
        ? h('p', { class: 'hint' }, t('no-tls'))
        : h('p', { class: 'hint break' }, `SHA-256 ${report.fingerprint}`),
    );
  };
  void act(null, show);
  return section(
    'access',
    facts,
    h(
      'form',
      {
        class: 'actions',
        onsubmit: (event: Event) => {
          event.preventDefault();
          void (async () => {
            const name = t(`role-${role.value as 'viewer'}`);
            if (!(await ask(t('save-pin'), t('ask-pin', { role: name }), t('save-pin')))) return;
            await act(
              save,
              async () => {
                await postConfirmed(`/access/pins/${role.value}`, { pin: pin.value });
                pin.value = '';
                await show();
              },
              t('done'),
            );
          })();
        },
      },
      h('label', { for: 'pin-role' }, t('role')),
      role,
      h('label', { for: 'pin-new' }, t('new-pin')),
      pin,
      save,
    ),
  );
}
