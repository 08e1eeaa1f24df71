import { LogicEngine } from 'json-logic-engine';
import type { ConditionFacts } from '../domain/condition.js';
import type { Condition } from '../domain/rulebook.js';
import { COMPARISONS, CONDITION_FACTS, COUNTS, MissingFact, MOMENT } from '../domain/condition.js';
import type { FactName } from '../domain/condition.js';
import { isMap, type Path } from './path.js';
import { didYouMean } from './suggest.js';

/** Operations of JSON Logic a condition may use: those that only look at values. No loops, no other data than the facts. */
const PLAIN = ['==', '===', '!=', '!==', '<', '<=', '>', '>=', 'and', 'or', '!', '!!', 'if', '?:', 'in'] as const;
const NUMBERS = ['+', '-', '*', '/', '%', 'min', 'max', 'cat'] as const;
export const OPERATIONS: readonly string[] = ['var', ...PLAIN, ...NUMBERS, ...COUNTS, ...COMPARISONS];

interface Found {
  at: Path;
  message: string;
}

/** Everything that is wrong with a condition, with its place inside it. */
export function conditionProblems(source: unknown): Found[] {
  const found: Found[] = [];
  const visit = (node: unknown, at: Path): void => {
    if (Array.isArray(node)) return node.forEach((item, i) => visit(item, [...at, i]));
    if (!isMap(node)) return;
    const names = Object.keys(node);
    const [name = ''] = names;
    if (names.length !== 1)
      return void found.push({ at, message: `must be one operation, not ${names.length || 'nothing'}` });
    if (!OPERATIONS.includes(name))
      return void found.push({
        at: [...at, name],
        message: `no such operation${didYouMean(name, OPERATIONS) || `; there are: ${OPERATIONS.join(', ')}`}`,
      });
    const given = node[name];
    const args: unknown[] = Array.isArray(given) ? (given as unknown[]) : [given];
    const problem = argumentProblem(name, args);
    if (problem !== undefined) found.push({ at: [...at, name], message: problem });
    else if (name !== 'var') visit(given, [...at, name]);
  };
  if (!isMap(source))
    return [{ at: [], message: 'must be a JSON Logic rule, such as { "==": [{ "var": "weekday" }, 1] }' }];
  visit(source, []);
  return found;
}

function argumentProblem(name: string, args: readonly unknown[]): string | undefined {
  const [first, second] = args;
  const among = (list: readonly string[]): boolean => list.includes(name);
  if (name === 'var') {
    const facts = Object.keys(CONDITION_FACTS);
    if (typeof first !== 'string' || !facts.includes(first))
      return `no such fact ${JSON.stringify(first)}${typeof first === 'string' ? didYouMean(first, facts) : ''}; there are: ${facts.join(', ')}`;
    return args.length > 2 ? 'takes a fact and, if it is missing, a value instead' : undefined;
  }
  if (!among(COUNTS) && !among(COMPARISONS)) return undefined;
  if (typeof first !== 'string' || !MOMENT.test(first))
    return `needs a moment: start, end, admission, a time such as 18:30, a date such as 2026-07-01, or both as 2026-07-01T18:30`;
  if (among(COUNTS)) return args.length > 1 ? 'takes one moment' : undefined;
  if (args.length > 2 || (second !== undefined && (typeof second !== 'number' || second < 0 || second > 100_000)))
    return 'takes a moment and a tolerance in minutes';
  return undefined;
}

const engine = makeEngine();

function makeEngine(): LogicEngine {
  const made = new LogicEngine();
  const factsOf = (context: unknown): ConditionFacts => (context as View).facts;
  const add = (name: string, method: (args: unknown[], facts: ConditionFacts) => unknown): void =>
    // Not deterministic: the same arguments mean something else at the next decision.
    made.addMethod(name, {
      method: (args: unknown, context: unknown) => method(Array.isArray(args) ? args : [args], factsOf(context)),
      deterministic: false,
    });
  for (const name of COUNTS) add(name, ([moment], facts) => facts.count(name, moment as string));
  for (const name of COMPARISONS)
    add(name, ([moment, tolerance], facts) => facts.compare(name, moment as string, (tolerance as number) ?? 0));
  add('factOr', ([name, otherwise], facts) => facts.known(name as FactName) ?? otherwise);
  return made;
}

/** Facts as JSON Logic reads them: members that are worked out when read, and throw when they are not known. */
class View {
  readonly facts: ConditionFacts;
  constructor(facts: ConditionFacts) {
    this.facts = facts;
  }
}
for (const name of Object.keys(CONDITION_FACTS) as FactName[])
  Object.defineProperty(View.prototype, name, {
    get(this: View) {
      return this.facts.fact(name);
    },
  });

/** A condition made ready once. The source must have no `conditionProblems`. */
export function compileCondition(source: unknown): Condition {
  const run = engine.build(withDefaults(source)) as (view: View) => unknown;
  return {
    source,
    test: (facts) => {
      try {
        const result = run(new View(facts));
        return { met: Boolean(result) && !(Array.isArray(result) && result.length === 0) };
      } catch (error) {
        // A missing fact, or values that cannot be compared (text times a number): false, and said.
        return { met: false, missing: error instanceof MissingFact ? error.fact : 'a comparable value' };
      }
    },
  };
}

/** `{"var": ["tariff", "FULL"]}` has a value for when the fact is missing. */
function withDefaults(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withDefaults);
  if (!isMap(node)) return node;
  if (Array.isArray(node.var) && node.var.length === 2) return { factOr: node.var as unknown[] };
  return Object.fromEntries(Object.entries(node).map(([k, v]) => [k, withDefaults(v)]));
}
