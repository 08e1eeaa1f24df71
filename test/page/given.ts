import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Fault } from '../../src/cli/practice/stage.js';
import { PracticeStage } from '../../src/cli/practice/stage.js';
import type { Size } from './browser.js';
import { device, SIZES, watch } from './browser.js';

export interface Given {
  browser: Browser;
  folder: string;
  main: string;
  /** Runs after the scenario, last registered first. */
  later(f: () => Promise<unknown>): void;
}
/** What it returns is printed beside its name. */
export type Scenario = (given: Given) => Promise<string | void>;

export const PIN = 'wet-gloves-73';
/** Long for a person, for the machine may be busy; what is awaited is an event, never the time. */
export const PATIENCE = 45_000;

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

export async function stageOf(given: Given, fault?: Fault, port = 0): Promise<PracticeStage> {
  const { folder, main } = given;
  const stage = await PracticeStage.open({ folder, fault, port, pin: PIN, passageTimeout: 2_000, main });
  given.later(() => stage.close());
  return stage;
}

export interface Visitor {
  page: Page;
  context: BrowserContext;
  /** What a browser complains of. */
  complaints: string[];
}

export async function comeIn(
  given: Given,
  stage: Pick<PracticeStage, 'origin'>,
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

export const until = async (what: string, condition: () => Promise<boolean> | boolean): Promise<void> => {
  const end = performance.now() + PATIENCE;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};
export const text = (page: Page, selector: string): Promise<string> => page.locator(selector).innerText();
export const open = async (page: Page, stage: Pick<PracticeStage, 'origin'>, hash: string): Promise<void> => {
  await page.goto(`${stage.origin}/#/${hash}`);
  await page.waitForSelector(`.screen.${hash.split('/')[0]}`);
};

/** Somebody presents a ticket and walks. */
export async function visit(stage: PracticeStage, lane: 'lane-1' | 'lane-2', code: string): Promise<void> {
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

/**
 * A technician in a hurry. Every field that is filled in and everything that is tapped is a step; ten seconds each, with wet gloves, and six of
 * them are a minute.
 */
export const STEPS_A_MINUTE = 6;

export class Technician {
  readonly page: Page;
  readonly #began: number;
  #steps = 3;

  /** Comes in on a telephone: name, PIN, button. */
  static async at(given: Given, stage: PracticeStage, language = 'en'): Promise<Technician> {
    const began = performance.now();
    const { page } = await comeIn(given, stage, 'phone', { language });
    return new Technician(page, began);
  }
  private constructor(page: Page, began: number) {
    this.page = page;
    this.#began = began;
  }

  async tap(selector: string): Promise<void> {
    this.#steps++;
    await this.page.locator(selector).first().click();
  }
  async press(label: string): Promise<void> {
    this.#steps++;
    await this.page.getByRole('button', { name: label, exact: true }).click();
  }

  /** At the top of the first screen, before anything is scrolled or tapped. */
  async reads(kind: string): Promise<string> {
    const card = this.page.locator(`.problem-card[data-kind="${kind}"]`);
    await card.waitFor({ timeout: PATIENCE });
    const box = await card.boundingBox();
    assert.ok(box && box.y < SIZES.phone.height, `the problem is on the first screen: ${JSON.stringify(box)}`);
    return card.innerText();
  }

  /** It is found: within a minute's steps. The time is printed, for a machine's haste says nothing of a person's. */
  found(minutes = 1): string {
    assert.ok(this.#steps <= minutes * STEPS_A_MINUTE, `${this.#steps} steps`);
    return `found with ${this.#steps} steps, in ${((performance.now() - this.#began) / 1000).toFixed(1)} s`;
  }
}
