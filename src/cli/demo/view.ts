import { mask } from '../../domain/credential.js';
import type { LaneEvent } from '../../lane/lane.js';
import { colours } from '../output.js';
import type { Visitor } from './crowd.js';

const RECENT = 10;
const BAR = 30;

/** What a person sees: on a terminal a live screen, elsewhere plain lines. Everything goes to stderr, stdout is for the result. */
export interface DemoView {
  step(text: string): void;
  importing(items: number, total: number): void;
  visitor(index: number, total: number, visitor: Visitor, event: LaneEvent | undefined): void;
  end(): void;
}

export function createView(quiet: boolean): DemoView {
  if (quiet) return { step: () => {}, importing: () => {}, visitor: () => {}, end: () => {} };
  return process.stderr.isTTY && process.env.TERM !== 'dumb' ? liveView() : plainView();
}

function bar(done: number, total: number): string {
  const filled = total === 0 ? BAR : Math.min(BAR, Math.round((done / total) * BAR));
  return `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}]`;
}

function lineOf(visitor: Visitor, event: LaneEvent | undefined, colour: (c: number, t: string) => string): string {
  const result =
    event === undefined
      ? 'no answer'
      : event.admitted
        ? colour(32, `OPEN    ${event.message}`)
        : colour(31, `closed  ${event.message}`);
  const took = event?.grantedAfter ?? event?.decidedAfter;
  const ms = took === undefined ? '' : `${took.toFixed(1).padStart(6)} ms`;
  return `${visitor.kind.padEnd(12)} ${visitor.medium.padEnd(8)} ${mask(visitor.code).padEnd(15)} ${ms.padEnd(10)} ${result}`;
}

function plainView(): DemoView {
  let percent = -25;
  const colour = colours(process.stderr);
  const write = (text: string): void => void process.stderr.write(`${text}\n`);
  return {
    step: write,
    importing: (items, total) => {
      const now = Math.floor((items / Math.max(1, total)) * 100);
      if (now < percent + 25) return;
      percent = now;
      write(`first import: ${items} of ${total} lines (${now} %)`);
    },
    visitor: (index, total, visitor, event) =>
      write(`${String(index).padStart(4)}/${total}  ${lineOf(visitor, event, colour)}`),
    end: () => {},
  };
}

function liveView(): DemoView {
  const colour = colours(process.stderr);
  const recent: string[] = [];
  let live: string[] = [];
  let drawn = 0;
  let admitted = 0;
  let refused = 0;
  const draw = (): void => {
    const up = drawn > 0 ? `\u001b[${drawn}A` : '';
    process.stderr.write(`${up}\u001b[0J${live.map((l) => `${l}\n`).join('')}`);
    drawn = live.length;
  };
  return {
    step: (text) => {
      const keep = live;
      live = [];
      draw();
      process.stderr.write(`${text}\n`);
      live = keep;
      draw();
    },
    importing: (items, total) => {
      live = [`first import  ${bar(items, total)} ${items} of ${total} lines`];
      draw();
    },
    visitor: (index, total, visitor, event) => {
      if (event?.admitted) admitted++;
      else refused++;
      recent.push(lineOf(visitor, event, colour));
      if (recent.length > RECENT) recent.shift();
      live = [
        `visitors      ${bar(index, total)} ${index} of ${total}   admitted ${admitted}   refused ${refused}`,
        ...recent,
      ];
      draw();
    },
    end: () => {
      drawn = 0;
      live = [];
    },
  };
}
