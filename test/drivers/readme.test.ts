import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  barrierOptionsSchema,
  indicatorOptionsSchema,
  listDrivers,
  readerOptionsSchema,
} from '../../drivers/registry.js';

const drivers = new URL('../../drivers/', import.meta.url);
const folders = readdirSync(drivers, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/options.ts`, drivers)))
  .map((entry) => entry.name);

describe('pages of the drivers', () => {
  it.each(folders)('%s: every example is valid', (folder) => {
    const page = readFileSync(new URL(`${folder}/README.md`, drivers), 'utf8');
    const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map((m) => m[1] as string);
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) {
      const {
        readers = [],
        barrier,
        indicator,
        ...rest
      } = parse(example.replaceAll(/\$\{\w+\}/g, '0'.repeat(32))) as Record<string, unknown>;
      expect(Object.keys(rest)).toEqual([]);
      for (const reader of readers as unknown[]) readerOptionsSchema.parse(reader);
      if (barrier !== undefined) barrierOptionsSchema.parse(barrier);
      if (indicator !== undefined) indicatorOptionsSchema.parse(indicator);
    }
  });

  it('every driver has a row in the README', () => {
    const readme = readFileSync(new URL('../README.md', drivers), 'utf8');
    for (const { name } of listDrivers()) expect(readme, name).toMatch(new RegExp(`\\| \\[\`${name}\`\\]\\(drivers/`));
  });
});
