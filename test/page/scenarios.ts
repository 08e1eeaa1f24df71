import assert from 'node:assert/strict';
import type { Size } from './browser.js';
import { device, shot, unfit, violations } from './browser.js';
import { FAULTS } from './faults.js';
import type { Scenario } from './given.js';
import { comeIn, freePort, open, PIN, stageOf, text, until, visit } from './given.js';
import { VENUE } from './venue.js';

const SCREENS = ['now', 'lane/lane-1', 'test', 'trends', 'more'];

/** Every screen, at one size and in one language: fits, is accessible, asks nobody else, complains of nothing. */
function everyScreen(size: Size, language: string, theme: string): Scenario {
  return async (given) => {
    const stage = await stageOf(given);
    const codes = stage.codes();
    await visit(stage, 'lane-1', codes[0] as string);
    await visit(stage, 'lane-2', codes[1] as string);
    await visit(stage, 'lane-2', codes[0] as string);
    const name = `${size}-${language}-${theme}`;
    const { page, complaints } = await comeIn(given, stage, size, { language, theme });
    const problems: string[] = [];
    for (const screen of SCREENS) {
      await open(page, stage, screen);
      if (screen === 'now') await page.waitForSelector('.facts .fact >> nth=5');
      if (screen === 'trends') await page.waitForSelector('.plot canvas >> nth=2');
      if (screen === 'lane/lane-1') {
        await page.locator('.device button').first().click();
        await page.waitForSelector('.bytes li');
        await page.fill('#explain-code', codes[0] as string);
        await page.locator('#explain ~ form button[type=submit]').click();
        await page.waitForSelector('.answer .verdict');
        await page.evaluate('scrollTo(0, 0)');
      }
      await shot(page, `${name}-${screen.split('/')[0] ?? ''}`);
      for (const v of await violations(page)) problems.push(`${screen}: ${v}`);
      if (size === 'phone') for (const u of await unfit(page)) problems.push(`${screen}: ${u}`);
      assert.equal(await page.evaluate('document.documentElement.lang'), language);
    }
    assert.deepEqual([...problems, ...complaints], []);
  };
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'every screen on a telephone, in the dark': everyScreen('phone', 'en', 'dark'),
  'every screen on a telephone, in German, in daylight': everyScreen('phone', 'de', 'day'),
  'every screen on a desk, in French': everyScreen('desktop', 'fr', 'dark'),
  'every screen on a desk, in Italian, in daylight': everyScreen('desktop', 'it', 'day'),
  'every screen on a telephone, in Spanish': everyScreen('phone', 'es', 'dark'),

  ...FAULTS,
  ...VENUE,

  'a brute force of wrong PINs is slowed down and says so; the right one is not guessed meanwhile': async (given) => {
    const stage = await stageOf(given);
    const context = await device(given.browser, 'phone');
    given.later(() => context.close());
    const page = await context.newPage();
    await page.goto(stage.origin);
    await page.fill('#name', 'Mallory');
    await shot(page, 'login');
    assert.deepEqual(await violations(page), []);
    const answers: number[] = [];
    page.on('response', (r) => {
      if (r.url().endsWith('/api/session') && r.request().method() === 'POST') answers.push(r.status());
    });
    for (let i = 0; i < 5 && !answers.includes(429); i++) {
      const before = answers.length;
      await page.fill('#pin', String(100_000 + i));
      await page.locator('button[type=submit]').click();
      await until('an answer', () => answers.length > before);
    }
    assert.ok(answers.includes(429), answers.join());
    await page.getByText(/Too many wrong PINs: wait/).waitFor();
    await shot(page, 'login-wait');
    assert.ok(!answers.includes(200));
    // Many at once, past the page: none gets through, and hardly one is even looked at.
    const burst = await page.evaluate<number[]>(`Promise.all(Array.from({ length: 30 }, (_, i) =>
      fetch('/api/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'x', pin: 'guess-' + i }) }).then((r) => r.status)))`);
    assert.ok(burst.every((s) => s === 429 || s === 401) && burst.filter((s) => s === 401).length <= 2, burst.join());
    // Who waits comes in.
    await until('the button is back', () => page.locator('button[type=submit]').isEnabled());
    await until('the right PIN is taken', async () => {
      await page.fill('#pin', PIN).catch(() => {});
      await page
        .locator('button[type=submit]:enabled')
        .click({ timeout: 1_000 })
        .catch(() => {});
      return (await page.locator('.screen.now').count()) > 0;
    });
  },

  'two technicians at once see the same, and the journal tells them apart': async (given) => {
    const stage = await stageOf(given);
    const anna = await comeIn(given, stage, 'phone', { name: 'Anna' });
    const ben = await comeIn(given, stage, 'desktop', { name: 'Ben' });
    await visit(stage, 'lane-1', stage.codes()[0] as string);
    for (const { page } of [anna, ben]) await page.waitForSelector('.read.yes');
    await open(anna.page, stage, 'lane/lane-1');
    await anna.page.getByRole('button', { name: 'Closed', exact: true }).first().click();
    await anna.page.locator('dialog .danger').click();
    await ben.page.waitForSelector('.problem-card[data-kind="mode-closed"]');
    await shot(ben.page, 'two-technicians');
    await open(ben.page, stage, 'lane/lane-1');
    await ben.page.getByRole('button', { name: 'In service' }).click();
    await ben.page.locator('dialog .danger').click();
    await anna.page.locator('header .chip.ok').waitFor();
    await ben.page.getByRole('button', { name: 'Open once' }).click();
    // Asked again, and taken back.
    await ben.page.locator('dialog .quiet').click();
    const records = await stage.gate.api.get<{ what?: string; mode?: string; who?: string }[]>('/journal');
    const modes = records.filter((r) => r.what === 'mode').map((r) => `${r.mode ?? ''}: ${r.who ?? ''}`);
    assert.deepEqual(modes.sort(), ['closed: Anna (technician, page)', 'controlled: Ben (technician, page)']);
    assert.ok(!records.some((r) => r.what === 'pulse'));
    assert.deepEqual([...anna.complaints, ...ben.complaints], []);
  },

  'a viewer looks and finds nothing to press': async (given) => {
    const stage = await stageOf(given);
    const { page } = await comeIn(given, stage, 'phone', { name: 'Zoe', pin: `${PIN}-viewer` });
    await open(page, stage, 'lane/lane-1');
    await page.getByText('You came in to look.').waitFor();
    assert.equal(await page.getByRole('button').count(), 0);
    await open(page, stage, 'more');
    assert.equal(await page.getByText('Support bundle').count(), 0);
    assert.deepEqual(await violations(page), []);
  },

  'the gate dies under the page: it says so at once, shows what it knew, and asks who is there when it is back': async (
    given,
  ) => {
    const stage = await stageOf(given, undefined, await freePort());
    await visit(stage, 'lane-1', stage.codes()[0] as string);
    const { page } = await comeIn(given, stage, 'phone');
    await page.waitForSelector('.read.yes');
    await stage.gate.kill('SIGKILL');
    await page.waitForSelector('.away:not([hidden])');
    assert.match(await text(page, '.away'), /unreachable/);
    assert.match(await text(page, '.bar .pill'), /Unreachable/);
    assert.ok((await page.locator('.read.yes').count()) > 0);
    await shot(page, 'gate-away');
    assert.deepEqual(await violations(page), []);
    await stage.restart();
    // Logins end with the process: it asks who is there, without being loaded anew.
    await page.fill('#pin', PIN);
    await page.click('button[type=submit]');
    await page.waitForSelector('.bar .pill.ok, .bar .pill.warn');
    await page.waitForSelector('.read.yes');
    assert.equal(await page.locator('.away:not([hidden])').count(), 0);
  },

  'with the keyboard alone: skip link, screens, a question that is taken back': async (given) => {
    const stage = await stageOf(given);
    const { page } = await comeIn(given, stage, 'desktop');
    await open(page, stage, 'lane/lane-1');
    const pulse = page.getByRole('button', { name: 'Open once' });
    await pulse.focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open]');
    await page.keyboard.press('Escape');
    await until('the dialog is gone', async () => (await page.locator('dialog').count()) === 0);
    await page.locator('nav a').nth(2).focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('.screen.trends');
    const names = await page.evaluate<string[]>(
      `[...document.querySelectorAll('button, a, input, select')].filter((e) => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).map((e) => e.outerHTML)`,
    );
    assert.deepEqual(names, []);
  },
};
