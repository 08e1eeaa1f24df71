import assert from 'node:assert/strict';
import { shot, violations } from './browser.js';
import type { Scenario } from './given.js';
import { PATIENCE, stageOf, Technician, text, visit } from './given.js';

/** Three faults that a newcomer finds with the page, on a telephone, each within a minute. */
export const FAULTS: Readonly<Record<string, Scenario>> = {
  'planted fault: a scanner at the wrong baud rate': async (given) => {
    const stage = await stageOf(given, 'wrong-speed');
    const codes = stage.codes();
    // Visitors come until the gate has seen enough.
    let next = 0;
    const visitors = setInterval(() => stage.present('lane-2', codes[next++ % codes.length] as string), 400);
    given.later(() => Promise.resolve(clearInterval(visitors)));
    await stage.gate.until((s) => s.conditions.some((c) => c.kind === 'wrong-speed'), PATIENCE);
    const technician = await Technician.at(given, stage);
    const { page } = technician;
    const words = await technician.reads('wrong-speed');
    assert.match(words, /Lane 2, Reader 1: bytes arrive that are no text/i);
    assert.match(words, /baudRate/);
    await shot(page, 'fault-wrong-speed');
    // The proof is one tap further: the bytes themselves.
    await technician.tap('.problem-card[data-kind="wrong-speed"] a');
    await technician.tap('.device button');
    await page.waitForSelector('.bytes li.in');
    const note = technician.found();
    clearInterval(visitors);
    await shot(page, 'fault-wrong-speed-bytes');
    assert.deepEqual(await violations(page), []);
    // Also what a driver says is said in the page's language.
    const german = await Technician.at(given, stage, 'de');
    assert.match(await german.reads('wrong-speed'), /Geschwindigkeit/);
    await german.tap('.problem-card[data-kind="wrong-speed"] a');
    await german.page.getByText('es kommen Bytes, die kein Text sind').waitFor();
    await shot(german.page, 'fault-wrong-speed-de');
    return note;
  },

  'planted fault: a list four hours old': async (given) => {
    const stage = await stageOf(given, 'old-list');
    const technician = await Technician.at(given, stage);
    const { page } = technician;
    assert.match(await technician.reads('list-old'), /The ticket list is 4 hr/);
    assert.match(await text(page, '.problem-card[data-kind="pull-error"]'), /cannot be reached/);
    const note = technician.found();
    await shot(page, 'fault-old-list');
    assert.deepEqual(await violations(page), []);
    // The lanes go on with what they have.
    await visit(stage, 'lane-1', stage.codes()[0] as string);
    await page.waitForSelector('.read.yes');
    return note;
  },

  'planted fault: relays wired to the other channel, read out of passages': async (given) => {
    const stage = await stageOf(given, 'crossed-relays');
    // Two people who go through the neighbour are enough; on a busy machine one may be too slow for his turnstile.
    for (const code of stage.codes().slice(0, 12)) {
      await visit(stage, 'lane-1', code);
      const { conditions } = await stage.gate.until(() => true, PATIENCE);
      if (conditions.some((c) => c.kind === 'relay-crossed')) break;
    }
    const technician = await Technician.at(given, stage);
    const { page } = technician;
    assert.match(await technician.reads('relay-crossed'), /When Lane 1 opens, people walk through Lane 2/);
    const note = technician.found();
    await shot(page, 'fault-crossed-relays');
    assert.deepEqual(await violations(page), []);
    return note;
  },

  'planted fault: relays wired to the other channel, by the guided self-test; its report is printed': async (given) => {
    const stage = await stageOf(given, 'crossed-relays');
    const technician = await Technician.at(given, stage);
    const { page } = technician;
    const press = (label: string): Promise<void> => technician.press(label);
    await technician.tap('nav a[data-tab=test]');
    await technician.tap('a[href="#/test/lane-1"]');
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
    await technician.tap('dialog .danger');
    await page.getByText('What opened?').waitFor();
    await shot(page, 'test-which');
    await press('Lane 2, another one');
    await page.getByText('Press the fire test now.').waitFor();
    stage.fire(true);
    await page.getByText('Seen. Now let it go again.').waitFor();
    stage.fire(false);
    await page.getByText('Self-test report').waitFor();
    const note = technician.found(2);
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
    return note;
  },
};
