import type { Performance, Programme } from '../domain/programme.js';
import { asText, instant } from './wire.js';

/**
 * The catalogue's names on the wire. Its inner fields are not documented (facts: only that product and performance codes are the
 * part that counts), so the answer is walked whole: what kind of thing an object is follows from the member that holds it,
 * or from a code that names its kind.
 */
const HOLDERS = {
  season: /^seasons?(List|Data)?$/i,
  product: /^(products?|events?|topics?|passes|services)(List|Data)?$/i,
  performance: /^(performances?|sessions?|dates)(List|Data)?$/i,
} as const;
type Kind = keyof typeof HOLDERS;
const CODES: Readonly<Record<Kind, readonly string[]>> = {
  season: ['seasonCode', 'code'],
  product: ['productCode', 'eventCode', 'code'],
  performance: ['performanceCode', 'sessionCode', 'code'],
};
const NAMES = ['name', 'label', 'externalName', 'internalName', 'shortName'];
const TIMES = {
  performanceStart: [
    'startDate',
    'startDateTime',
    'start',
    'performanceDate',
    'performanceDateTime',
    'validityStartTime',
    'date',
  ],
  performanceEnd: ['endDate', 'endDateTime', 'end', 'validityEndTime'],
  admissionStart: ['admissionStart', 'accessStartDate', 'openingDate', 'openingTime', 'doorsOpen', 'doorOpening'],
} as const;

const MAX_DEPTH = 12;
/** A catalogue of a whole institution; more is a fault of the other side, and the box has other things to remember. */
const MAX_ENTRIES = 20_000;

interface Around {
  season?: string;
  product?: string;
}

/** Everything in the answer that has a code. Never fails: what is not understood is left out. */
export function mapCatalogue(
  answer: Readonly<Record<string, unknown>>,
  at: number,
  aliases: Readonly<Record<string, readonly string[]>> = {},
  season?: string,
): Programme {
  const seasons = new Map<string, { code: string; name?: string }>();
  const products = new Map<string, { code: string; season?: string; name?: string }>();
  const performances = new Map<string, Performance>();
  const full = (): boolean => seasons.size + products.size + performances.size >= MAX_ENTRIES;
  const time = (o: Record<string, unknown>, field: keyof typeof TIMES): number | undefined => {
    for (const name of [...(aliases[field] ?? []), ...TIMES[field]]) {
      const value = instant(o[name]);
      if (value !== undefined) return value;
    }
    return undefined;
  };

  const take = (o: Record<string, unknown>, kind: Kind, code: string, around: Around): Around => {
    const name = NAMES.map((n) => textOf(o[n])).find((n) => n !== undefined);
    const named = name === undefined ? {} : { name };
    if (kind === 'season') {
      seasons.set(code, { code, ...named });
      return { season: code };
    }
    const at = textOf(o.seasonCode) ?? around.season;
    const inSeason = at === undefined ? {} : { season: at };
    if (kind === 'product') {
      products.set(code, { code, ...inSeason, ...named });
      return { ...inSeason, product: code };
    }
    const product = textOf(o.productCode) ?? around.product;
    const start = time(o, 'performanceStart');
    const end = time(o, 'performanceEnd');
    const admissionStart = time(o, 'admissionStart');
    performances.set(`${product ?? ''} ${code}`, {
      code,
      ...inSeason,
      ...(product !== undefined && { product }),
      ...named,
      ...(start !== undefined && { start }),
      ...(end !== undefined && { end }),
      ...(admissionStart !== undefined && { admissionStart }),
    });
    return { ...inSeason, ...(product !== undefined && { product }) };
  };

  const walk = (value: unknown, kind: Kind | undefined, around: Around, depth: number): void => {
    if (depth > MAX_DEPTH || full() || typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      for (const item of value as unknown[]) walk(item, kind, around, depth + 1);
      return;
    }
    const o = value as Record<string, unknown>;
    const code = kind && CODES[kind].map((n) => textOf(o[n])).find((c) => c !== undefined);
    const inside = kind && code !== undefined ? take(o, kind, code, around) : around;
    for (const [name, member] of Object.entries(o)) {
      const next = (Object.keys(HOLDERS) as Kind[]).find((k) => HOLDERS[k].test(name));
      walk(member, next ?? (Array.isArray(member) ? undefined : kind), inside, depth + 1);
    }
  };
  walk(answer, undefined, season === undefined ? {} : { season }, 0);
  return {
    at,
    seasons: [...seasons.values()],
    products: [...products.values()],
    performances: [...performances.values()],
  };
}

/** One programme of several answers; a later one wins. */
export function mergeProgrammes(parts: readonly Programme[]): Programme {
  const by = <T>(lists: readonly (readonly T[])[], key: (item: T) => string): T[] => [
    ...new Map(lists.flat().map((item) => [key(item), item])).values(),
  ];
  return {
    at: Math.max(0, ...parts.map((p) => p.at)),
    seasons: by(
      parts.map((p) => p.seasons),
      (s) => s.code,
    ),
    products: by(
      parts.map((p) => p.products),
      (p) => `${p.season ?? ''} ${p.code}`,
    ),
    performances: by(
      parts.map((p) => p.performances),
      (p) => `${p.season ?? ''} ${p.product ?? ''} ${p.code}`,
    ),
  };
}

const textOf = (value: unknown): string | undefined => asText(value)?.slice(0, 200);
