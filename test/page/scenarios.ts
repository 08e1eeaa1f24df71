import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Fault } from '../../src/cli/practice/stage.js';
import { PracticeStage } from '../../src/cli/practice/stage.js';
import type { Size } from './browser.js';
import { device, shot, SIZES, unfit, violations, watch } from './browser.js';

export interface Given {
  browser: Browser;
  folder: string;
  main: string;
  /** Runs after the scenario, last registered first. */
  later(f: () => Promise<unknown>): void;
}
type Scenario = (given: Given) => Promise<void>;

const PIN = 'wet-gloves-73';
/** Long for a person, for the machine may be busy; what is awaited is an event, never the time. */
const PATIENCE = 45_000;

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function stageOf(given: Given, fault?: Fault, port = 0): Promise<PracticeStage> {
  const { folder, main } = given;
  const stage = await PracticeStage.open({ folder, fault, port, pin: PIN, passageTimeout: 2_000, main });
  given.later(() => stage.close());
  return stage;
}

interface Visitor {
  page: Page;
  context: BrowserContext;
  /** What a browser complains of. */
  complaints: string[];
}

async function comeIn(
  given: Given,
  stage: PracticeStage,
  size: Size,
  more: { language?: string; theme?: string; name?: string; pin?: string } = {},
): Promise<Visitor> {
  const context = await device(given.browser, size, more);
  given.later(() => context.close());
  const page = await context.newPage();
  const complaints: string[] = [];
  watch(page, () => stage.origin, complaints);
  await page.goto(stage.origin);
  await page.fill('#name', more.name ?? 'Anna');
  await page.fill('#pin', more.pin ?? PIN);
  await page.click('button[type=submit]');
  await page.waitForSelector('.bar .pill.ok, .bar .pill.warn, .bar .pill.bad');
  await page.waitForSelector('.screen');
  return { page, context, complaints };
}

const until = async (what: string, condition: () => Promise<boolean> | boolean): Promise<void> => {
  const end = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
const text = (page: Page, selector: string): Promise<string> => page.locator(selector).innerText();
const open = async (page: Page, stage: PracticeStage, hash: string): Promise<void> => {
  await page.goto(`${stage.origin}/#/${hash}`);
  await page.waitForSelector(`.screen.${hash.split('/')[0]}`);
};

/** Somebody presents a ticket and walks. */
async function visit(stage: PracticeStage, lane: 'lane-1' | 'lane-2', code: string): Promise<void> {
  const before = await refusedAndAdmitted(stage);
  stage.present(lane, code);
  await until('a decision', async () => (await refusedAndAdmitted(stage)) > before);
  await stage.walk(lane);
  await stage.gate.until((s) => s.lanes.every((l) => l.phase === 'ready'), PATIENCE);
}
async function refusedAndAdmitted(stage: PracticeStage): Promise<number> {
  const { lanes } = await stage.gate.api.get<{ lanes: { counters: Record<string, number> }[] }>('/status');
  return lanes.reduce((n, l) => n + (l.counters.admitted ?? 0) + (l.counters.refused ?? 0), 0);
}

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

/** What a technician does in the first minute on a telephone: come in, read what is wrong, look at the lane. */
async function found(given: Given, stage: PracticeStage, kind: string): Promise<Page> {
  const { page } = await comeIn(given, stage, 'phone');
  const card = page.locator(`.problem-card[data-kind="${kind}"]`);
  await card.waitFor({ timeout: PATIENCE });
  // At the top of the first screen, before anything is scrolled or tapped.
  const box = await card.boundingBox();
  assert.ok(box && box.y < SIZES.phone.height, `the problem is on the first screen: ${JSON.stringify(box)}`);
  return page;
}

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'every screen on a telephone, in the dark': everyScreen('phone', 'en', 'dark'),
  'every screen on a telephone, in German, in daylight': everyScreen('phone', 'de', 'day'),
  'every screen on a desk, in French': everyScreen('desktop', 'fr', 'dark'),
  'every screen on a desk, in Italian, in daylight': everyScreen('desktop', 'it', 'day'),
  'every screen on a telephone, in Spanish': everyScreen('phone', 'es', 'dark'),

  'planted fault: a scanner at the wrong baud rate': async (given) => {
    const stage = await stageOf(given, 'wrong-speed');
    const codes = stage.codes();
    for (const code of codes.slice(0, 4)) {
      stage.present('lane-2', code);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await stage.gate.until((s) => s.conditions.some((c) => c.kind === 'wrong-speed'), PATIENCE);
    const page = await found(given, stage, 'wrong-speed');
    const words = await text(page, '.problem-card[data-kind="wrong-speed"]');
    assert.match(words, /Lane 2, Reader 1: bytes arrive that are no text/i);
    assert.match(words, /baudRate/);
    await shot(page, 'fault-wrong-speed');
    await page.click('.problem-card[data-kind="wrong-speed"] a');
    await page.locator('.device button').first().click();
    await page.waitForSelector('.bytes li.in');
    await shot(page, 'fault-wrong-speed-bytes');
    assert.deepEqual(await violations(page), []);
  },

  'planted fault: a list four hours old': async (given) => {
    const stage = await stageOf(given, 'old-list');
    const page = await found(given, stage, 'list-old');
    assert.match(await text(page, '.problem-card[data-kind="list-old"]'), /The ticket list is 4 hr/);
    assert.match(await text(page, '.problem-card[data-kind="pull-error"]'), /cannot be reached/);
    await shot(page, 'fault-old-list');
    assert.deepEqual(await violations(page), []);
    // The lanes go on with what they have.
    await visit(stage, 'lane-1', stage.codes()[0] as string);
    await page.waitForSelector('.read.yes');
  },

  'planted fault: relays wired to the other channel, read out of passages': async (given) => {
    const stage = await stageOf(given, 'crossed-relays');
    const codes = stage.codes();
    for (const code of codes.slice(0, 2)) await visit(stage, 'lane-1', code);
    await stage.gate.until((s) => s.conditions.some((c) => c.kind === 'relay-crossed'), PATIENCE);
    const page = await found(given, stage, 'relay-crossed');
    assert.match(
      await text(page, '.problem-card[data-kind="relay-crossed"]'),
      /When Lane 1 opens, people walk through Lane 2/,
    );
    await shot(page, 'fault-crossed-relays');
    assert.deepEqual(await violations(page), []);
  },

  'planted fault: relays wired to the other channel, by the guided self-test; its report is printed': async (given) => {
    const stage = await stageOf(given, 'crossed-relays');
    const { page } = await comeIn(given, stage, 'phone');
    await open(page, stage, 'test/lane-1');
    const press = (label: string): Promise<void> => page.getByRole('button', { name: label, exact: true }).click();
    await page.getByText('Hold a ticket or a card in front of Reader 1.').waitFor();
    await shot(page, 'test-present');
    // The stream of reads may open a moment later than the question.
    const again = setInterval(() => stage.present('lane-1', stage.codes()[0] as string), 1_500);
    await page.getByText('Does it show what an admitted visitor sees').waitFor();
    clearInterval(again);
    await press('Yes');
    await page.getByText('Does it show what a refused visitor sees').waitFor();
    await press('Yes');
    await press('Open now');
    await page.waitForSelector('dialog[open]');
    await shot(page, 'test-ask');
    assert.deepEqual(await violations(page), []);
    await page.locator('dialog .danger').click();
    await page.getByText('What opened?').waitFor();
    await shot(page, 'test-which');
    await press('Lane 2, another one');
    await page.getByText('Press the fire test now.').waitFor();
    stage.fire(true);
    await page.getByText('Seen. Now let it go again.').waitFor();
    stage.fire(false);
    await page.getByText('Self-test report').waitFor();
    const report = await text(page, '.report');
    assert.match(report, /The relays are swapped/);
    assert.match(report, /fire input seen/);
    assert.match(report, /24\*+2260 · barcode · in the list/);
    await shot(page, 'test-report');
    assert.deepEqual(await violations(page), []);
    const pdf = await page.pdf({ format: 'A4' });
    assert.equal(pdf.subarray(0, 5).toString(), '%PDF-');
    // Nothing was used up, and the lane is back.
    const status = await stage.gate.until((s) => !s.conditions.some((c) => c.kind === 'lane-held'), PATIENCE);
    assert.equal(status.lanes[0]?.counters.reads, 0);
    const kept = await stage.gate.api.get<{ who: string }[]>('/selftest/reports');
    assert.equal(kept[0]?.who, 'Anna (technician, page)');
  },

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
