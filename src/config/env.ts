import type { z } from 'zod';
import { ANY, deleteAt, envName, type Path, pathText, setAt } from './path.js';
import { didYouMean } from './suggest.js';
import { defOf, keysOf, schemaAt, unwrap } from './walk.js';

export interface Problem {
  path: string;
  line?: number;
  /** As a person may see it: secrets are not in it. */
  value?: string;
  message: string;
}

/** Variables of our prefix that are no keys. */
const RESERVED = /^PORTILLON_(CONFIG|CONFIG_YAML|HEALTH_LIMIT|TEST_.*|VIRTUAL_GATE_.*)$/;

/** True when variables alone could be a configuration: there need be no file then. */
export const hasVariables = (env: NodeJS.ProcessEnv): boolean =>
  Object.keys(env).some((name) => name.startsWith('PORTILLON_') && !RESERVED.test(name));

/** Applies `PORTILLON_...` variables to the tree; returns where each one went, and what was wrong. */
export function applyEnvironment(
  tree: Record<string, unknown>,
  env: NodeJS.ProcessEnv,
  schema: z.ZodType,
): { sources: Map<string, string>; problems: Problem[] } {
  const sources = new Map<string, string>();
  const problems: Problem[] = [];
  const patterns = keysOf(schema).map((key) => ({ path: key.path, name: envName(key.path) }));
  // In order, so that item 0 of a list is there before item 1 is set.
  for (const [name, value] of Object.entries(env).sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))) {
    if (!name.startsWith('PORTILLON_') || RESERVED.test(name) || value === undefined) continue;
    const path = pathOf(name, patterns);
    if (!path) {
      const generic = name.replace(/_\d+(?=_|$)/g, '_N');
      const guess = didYouMean(generic, new Set(patterns.map((p) => p.name)));
      problems.push({ path: name, message: `unknown environment variable${guess}; unset it or correct its name` });
      continue;
    }
    if (!setAt(tree, path, convert(value, schema, path, tree))) {
      problems.push({ path: name, message: `there is no ${pathText(path.slice(0, -1))} in the file to set this on` });
      continue;
    }
    sources.set(pathText(path), name);
    // One of both ways to give the secret replaces the other.
    if (name === 'PORTILLON_SECUTIX_SECRET') deleteAt(tree, ['secutix', 'secretFile']);
    if (name === 'PORTILLON_SECUTIX_SECRET_FILE') deleteAt(tree, ['secutix', 'secret']);
  }
  return { sources, problems };
}

function pathOf(name: string, patterns: readonly { path: Path; name: string }[]): Path | undefined {
  for (const pattern of patterns) {
    const expression = new RegExp(
      `^${pattern.path.reduce<string>((text, part) => text + (part === ANY ? '_(\\d+)' : envName([part]).slice('PORTILLON'.length)), 'PORTILLON')}$`,
    );
    const match = expression.exec(name);
    if (!match) continue;
    let group = 1;
    return pattern.path.map((part) => (part === ANY ? Number(match[group++]) : part));
  }
  return undefined;
}

/** Text of a variable to what the key holds: whole numbers, lists by commas, true and false, everything else stays text. */
function convert(text: string, schema: z.ZodType, path: Path, tree: unknown): unknown {
  const at = schemaAt(schema, path, tree);
  if (!at) return text;
  const { base } = unwrap(at);
  const { type } = defOf(base);
  if (type === 'array') return text === '' ? [] : text.split(',').map((t) => t.trim());
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  const numeric = type === 'number' || type === 'int' || type === 'union';
  return numeric && /^-?\d+$/.test(text) ? Number(text) : text;
}
