import { z } from 'zod';
import { durationSchema as duration } from '../../drivers/contract-options.js';
import { conditionProblems } from './condition.js';
import { getAt, isMap, type Path } from './path.js';
import { didYouMean } from './suggest.js';
import { text } from './scalars.js';

const date = () =>
  z
    .string()
    .regex(/^\d{4}-\d\d-\d\d$/)
    .refine(
      (d) => !Number.isNaN(Date.parse(`${d}T00:00:00Z`)) && new Date(`${d}T00:00:00Z`).toISOString().startsWith(d),
    )
    .meta({ allowed: 'a date such as 2026-07-01' });
const localTime = () =>
  z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT([01]\d|2[0-3]):[0-5]\d$/)
    .meta({ allowed: "a date and time on the venue's clock, such as 2026-07-01T20:00" });
const count = () => z.union([z.int().min(1).max(1_000_000), z.literal('unlimited')]);
const days = () => z.int().min(1).max(10_000);

const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export const weekdayNumber = (name: (typeof WEEKDAYS)[number]): number => WEEKDAYS.indexOf(name) + 1;

const counts = {
  entries: count()
    .optional()
    .describe('Entries a performance. Left out: one, or unlimited where another count or `days` is given.'),
  entriesPerDay: count().optional().describe('Entries a service day.'),
  entriesInAll: count().optional().describe('Entries in all.'),
};

const sentences = z.strictObject({
  en: text().optional().describe('English.'),
  fr: text().optional().describe('French.'),
  de: text().optional().describe('German.'),
  it: text().optional().describe('Italian.'),
  es: text().optional().describe('Spanish.'),
});

/** Every key is optional: a product takes from `defaults` what it does not say itself. */
export const productRulesSchema = z.strictObject({
  enabled: z.boolean().optional().describe('Off: the product admits nobody at this gate.'),
  validFrom: date().optional().describe('First service day.'),
  validTo: date().optional().describe('Last service day, included.'),
  dates: z.array(date()).optional().describe('Only these service days.'),
  weekdays: z.array(z.enum(WEEKDAYS)).optional().describe('Only these days of the week.'),
  ticketDates: z.boolean().optional().describe("Whether the ticket's own dates count. Default true."),
  opensBefore: duration('0s', '720h')
    .optional()
    .describe(
      "Access opens this long before the performance's start; without a known start, before the ticket's validity.",
    ),
  closesAfter: duration('0s', '720h').optional().describe('Access closes this long after what `closesFrom` says.'),
  closesFrom: z.enum(['start', 'end']).optional().describe('What `closesAfter` counts from. Default start.'),
  expiresAfter: days().optional().describe('Service days from the start of validity, the first included.'),
  expiresAfterFirstEntry: days().optional().describe('Service days from the first entry, that one included.'),
  days: days().optional().describe('Number of different service days it can be used on.'),
  consecutive: z.boolean().optional().describe('These days must follow each other.'),
  ...counts,
  sectors: z
    .record(text(), z.strictObject(counts))
    .optional()
    .describe('Sectors it gives access to, each with counts of its own if given. Left out: all.'),
  sectorsTogether: z.boolean().optional().describe('One count over all sectors, instead of one for each.'),
  betweenEntries: duration('0s', '720h').optional().describe('Least time between two entries.'),
  antiPassback: z
    .enum(['off', 'soft', 'hard'])
    .optional()
    .describe(
      'A second entry without an exit: off admits it, soft admits it with a notice, hard refuses it. Default off.',
    ),
  forgiveAfter: duration('0s', '720h').optional().describe('After this time a missing exit is forgiven.'),
  counter: z
    .boolean()
    .optional()
    .describe('People are counted, nothing else: only state, event, sector, black list and calendar are looked at.'),
  group: z
    .enum(['off', 'one-by-one', 'batch'])
    .optional()
    .describe('One code for several persons: each shows it, or one shows it and the others follow. Default off.'),
  attend: z
    .array(
      z.strictObject({
        tariffs: z.array(text()).optional().describe('Tariffs meant. Left out: what the export marks as reduced.'),
        text: sentences.optional().describe('What the display says.'),
      }),
    )
    .optional()
    .describe('Admitted, with a light and a sentence for the steward.'),
  condition: z
    .record(z.string(), z.unknown())
    .optional()
    .meta({ allowed: 'a JSON Logic rule; see docs/rules.md' })
    .describe('Anything else, in JSON Logic over the facts of docs/rules.md.'),
});
export type ProductRulesConfig = z.output<typeof productRulesSchema>;

export const rulesSchema = z.strictObject({
  dayStartsAt: z
    .string()
    .regex(/^(0\d|1[0-2]):[0-5]\d$/)
    .default('00:00')
    .meta({ allowed: "a time from '00:00' to '12:59'" })
    .describe('When a service day begins: with 05:00 a night that ends at 04:00 belongs to the evening before.'),
  defaults: productRulesSchema.prefault({}).describe('Rules of every product.'),
  products: z
    .record(text(), productRulesSchema)
    .default({})
    .describe('Rules of a product, by its code; what it does not say is taken from `defaults`.'),
});

export const programmeSchema = z.array(
  z.strictObject({
    code: text().describe('Code of the performance.'),
    product: text().optional().describe('Code of its product.'),
    name: text().optional().describe('Name for people.'),
    start: localTime().optional().describe('When it begins.'),
    end: localTime().optional().describe('When it ends.'),
    admission: localTime().optional().describe('When doors open.'),
  }),
);

/** What a lane knows of sectors, of the list's age and of the clock. */
export const laneRulesShape = {
  sector: text().optional().describe('Where this lane leads (perimeter, stand ...). Entries are counted by sector.'),
  behind: text().optional().describe('The sector one must be inside of to enter here.'),
  staleList: z
    .strictObject({
      warnAfter: duration('1m', '720h').optional().describe('From this age of the list admissions carry a notice.'),
      refuseAfter: duration('1m', '720h').optional().describe('From this age nobody is admitted (`list-too-old`).'),
    })
    .prefault({})
    .describe('Age of the ticket list since it was last complete. Left out: the lane goes on.'),
  doubtfulClock: z
    .enum(['admit', 'refuse'])
    .default('admit')
    .describe(
      'When the clock is wrong (no battery, 1970): admit goes on by the last known time; refuse admits nobody.',
    ),
};

/** Rules across keys, and what stands inside conditions. */
export function ruleProblems(tree: Record<string, unknown>, add: (at: Path, message: string) => void): void {
  const lanes = (Array.isArray(tree.lanes) ? (tree.lanes as unknown[]) : []).map((l) => (isMap(l) ? l : {}));
  const sectors = lanes.map((l) => l.sector).filter((s) => typeof s === 'string');
  for (const [i, lane] of lanes.entries()) {
    if (typeof lane.behind === 'string' && !sectors.includes(lane.behind))
      add(['lanes', i, 'behind'], `no lane leads to the sector ${lane.behind}${didYouMean(lane.behind, sectors)}`);
    if (lane.behind !== undefined && lane.behind === lane.sector)
      add(['lanes', i, 'behind'], 'a sector cannot be behind itself');
    const performances = getAt(lane, ['admits', 'performances']);
    if (Array.isArray(performances) && performances.includes('auto') && performances.length > 1)
      add(['lanes', i, 'admits', 'performances'], '`auto` stands alone: the programme says what is on');
  }
  const places: Path[] = [['rules', 'defaults']];
  const products = getAt(tree, ['rules', 'products']);
  if (isMap(products)) for (const code of Object.keys(products)) places.push(['rules', 'products', code]);
  for (const place of places) {
    const rules = getAt(tree, place);
    if (!isMap(rules)) continue;
    if (rules.condition !== undefined)
      for (const problem of conditionProblems(rules.condition))
        add([...place, 'condition', ...problem.at], problem.message);
    if (typeof rules.validFrom === 'string' && typeof rules.validTo === 'string' && rules.validFrom > rules.validTo)
      add([...place, 'validTo'], `is before validFrom (${rules.validFrom})`);
    if (rules.closesFrom !== undefined && rules.closesAfter === undefined)
      add([...place, 'closesFrom'], 'says nothing without closesAfter');
    if (rules.forgiveAfter !== undefined && rules.antiPassback === 'off')
      add([...place, 'forgiveAfter'], 'says nothing while antiPassback is off');
  }
}
