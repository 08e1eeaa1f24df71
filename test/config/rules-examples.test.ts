import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { EXAMPLE } from '../../src/config/example.js';
import { loadConfig } from '../../src/config/load.js';
import { laneRulesShape, productRulesSchema } from '../../src/config/rules-schema.js';
import { temporaryFolder } from '../support/builders.js';

const TEXT = readFileSync(fileURLToPath(new URL('../../docs/rules.md', import.meta.url)), 'utf8');
type Tree = Record<string, unknown>;

/** What stands between backticks in the column "write" of a chapter's table, row by row. */
function rowsOf(chapter: string): [string, Tree[]][] {
  const start = TEXT.indexOf(`## ${chapter}\n`);
  expect(start).toBeGreaterThan(0);
  const part = TEXT.slice(start, TEXT.indexOf('\n## ', start));
  return part
    .split('\n')
    .filter((line) => line.startsWith('| ') && line.includes('`'))
    .map((line) => {
      const [, wanted = '', written = ''] = line.split('|').map((cell) => cell.trim());
      const spans = [...written.matchAll(/`([^`]+)`/g)].map(([, span]) => parse(`{ ${span} }`) as Tree);
      return [wanted, spans];
    });
}

const blocks = [...TEXT.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => parse(text as string) as Tree);
const example = (): Tree & { lanes: Tree[] } =>
  parse(EXAMPLE.replace('${SECUTIX_SECRET}', 'a-secret-of-32-characters-at-least')) as Tree & { lanes: Tree[] };

/** Read as a gate reads it: types, ranges, and what must fit together. */
function load(tree: Tree): void {
  const path = `${temporaryFolder()}/gate.yaml`;
  writeFileSync(path, stringify(tree));
  loadConfig(path, {});
}
const withRules = (rules: Tree): Tree => ({ ...example(), rules });
const together = (trees: readonly Tree[]): Tree => Object.assign({}, ...trees) as Tree;

describe('every example of docs/rules.md', () => {
  const rules = rowsOf('One example a rule');
  const anything = blocks.find((block) => 'condition' in block);

  it.each(rules)('%s', (_wanted, spans) => {
    const written = together(spans);
    if ('condition' in written) Object.assign(written, anything);
    expect(() => load(withRules({ defaults: written, products: { P1: written } }))).not.toThrow();
  });

  it('there is one for every key', () => {
    const shown = new Set(rules.flatMap(([, spans]) => spans.flatMap((span) => Object.keys(span))));
    expect(Object.keys(productRulesSchema.shape).filter((key) => !shown.has(key))).toEqual([]);
    const lane = new Set(rowsOf('At the lane').flatMap(([, spans]) => spans.flatMap((span) => Object.keys(span))));
    expect(Object.keys(laneRulesShape).filter((key) => !lane.has(key))).toEqual([]);
  });

  it.each(rowsOf('At the lane'))('%s', (_wanted, spans) => {
    const tree = example();
    const [first = {}] = tree.lanes;
    // Lanes of one row belong together: what stands in front of the inner one must be there.
    const lanes = spans.every((span) => 'sector' in span) ? spans : [together(spans)];
    tree.lanes = lanes.map((lane, i) => ({
      ...first,
      id: `lane-${i + 1}`,
      readers: [{ driver: 'virtual' }],
      barrier: { driver: 'virtual' },
      ...lane,
    }));
    expect(() => load(tree)).not.toThrow();
  });

  it.each(blocks.map((block) => [Object.keys(block).join(), block] as const))('block %s', (_keys, block) => {
    const tree = 'condition' in block ? withRules({ defaults: block }) : { ...example(), ...block };
    expect(() => load(tree)).not.toThrow();
  });
});
