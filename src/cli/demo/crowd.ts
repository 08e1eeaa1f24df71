import type { Random } from '../../clock.js';
import { seededRandom } from '../../clock.js';

/** What the crowd may carry, taken from the simulated ticketing system. */
export interface Cases {
  valid: readonly string[];
  cancelled: readonly string[];
  /** Valid, but for another event than the lane's. */
  wrongEvent: readonly string[];
  twoOnOneCard: readonly { container: string; barcodes: readonly string[] }[];
}

export type Kind =
  'valid' | 'double' | 'cancelled' | 'wrong event' | 'unknown' | 'card, 1st' | 'card, 2nd' | 'card, 3rd';

export interface Visitor {
  kind: Kind;
  medium: 'barcode' | 'rfid';
  /** What the visitor holds in front of the reader. */
  code: string;
  expected: { admitted: boolean; barcode: string };
}

/** Shares of a crowd, in percent; the rest is valid. */
const SHARES = { double: 12, cancelled: 10, wrongEvent: 6, unknown: 6, card: 9 } as const;

/** Plans a crowd and, independently of the gate's rules, what must happen to each visitor. */
export function planCrowd(cases: Cases, count: number, seed: number): Visitor[] {
  const random = seededRandom(seed);
  const visitors: Visitor[] = [];
  const take = taker(cases, random);
  const usedBefore: string[] = [];
  while (visitors.length < count) {
    const roll = random() * 100;
    const left = count - visitors.length;
    let edge = 0;
    const within = (share: number): boolean => roll < (edge += share);
    if (within(SHARES.card) && left >= 3 && cases.twoOnOneCard.length > 0) {
      const card = take.card();
      if (card) {
        visitors.push(...cardVisitors(card));
        continue;
      }
    } else if (within(SHARES.double) && usedBefore.length > 0) {
      const code = usedBefore[Math.floor(random() * usedBefore.length)] as string;
      visitors.push({ kind: 'double', medium: 'barcode', code, expected: { admitted: false, barcode: code } });
      continue;
    } else if (within(SHARES.cancelled)) {
      if (refused('cancelled', take.cancelled())) continue;
    } else if (within(SHARES.wrongEvent)) {
      if (refused('wrong event', take.wrongEvent())) continue;
    } else if (within(SHARES.unknown)) {
      refused('unknown', String(Math.floor(random() * 1e12)).padStart(20, '9'));
      continue;
    }
    const code = take.valid();
    if (code === undefined) throw new Error('the simulated list has too few valid tickets for this crowd');
    usedBefore.push(code);
    visitors.push({ kind: 'valid', medium: 'barcode', code, expected: { admitted: true, barcode: code } });
  }
  return apart(visitors);

  function refused(kind: Kind, code: string | undefined): boolean {
    if (code === undefined) return false;
    visitors.push({ kind, medium: 'barcode', code, expected: { admitted: false, barcode: code } });
    return true;
  }
}

/** Two tickets on one card: the first presentation uses the lower barcode, the second the other, the third is refused. */
function cardVisitors({ container, barcodes }: { container: string; barcodes: readonly string[] }): Visitor[] {
  const [first, second] = [...barcodes].sort() as [string, string];
  const visit = (kind: Kind, admitted: boolean, barcode: string): Visitor => ({
    kind,
    medium: 'rfid',
    code: container,
    expected: { admitted, barcode },
  });
  return [visit('card, 1st', true, first), visit('card, 2nd', true, second), visit('card, 3rd', false, first)];
}

/** The same code twice in a row is one presentation to a gate (debounce), so somebody else goes in between. */
function apart(visitors: Visitor[]): Visitor[] {
  const result: Visitor[] = [];
  const held: Visitor[] = [];
  for (const v of visitors) {
    result.push(...takeFitting(held, result.at(-1)?.code));
    if (result.at(-1)?.code === v.code || held.some((h) => h.code === v.code)) held.push(v);
    else result.push(v);
  }
  // Whoever is still held at the end has nobody to go in between: they stay at home.
  result.push(...takeFitting(held, result.at(-1)?.code));
  return result;
}

function takeFitting(held: Visitor[], last: string | undefined): Visitor[] {
  const index = held.findIndex((h) => h.code !== last);
  return index < 0 ? [] : held.splice(index, 1);
}

function taker(cases: Cases, random: Random) {
  const shuffled = <T>(items: readonly T[]): T[] => {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = Math.floor(random() * (i + 1));
      [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
    }
    return copy;
  };
  const from = <T>(items: readonly T[]): (() => T | undefined) => {
    const rest = shuffled(items);
    return () => rest.pop();
  };
  return {
    valid: from(cases.valid),
    cancelled: from(cases.cancelled),
    wrongEvent: from(cases.wrongEvent),
    card: from(cases.twoOnOneCard),
  };
}
