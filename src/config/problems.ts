import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import type { Problem } from './env.js';
import { getAt, type Path, pathText } from './path.js';
import { didYouMean } from './suggest.js';
import { allowedText } from './allowed.js';
import { isDiscriminated, namesIn, schemaAt, type Schema, unwrap, variants } from './walk.js';

/** Finds the line of a key in the file; a key that is not there is shown at the nearest one above it. */
export function lineFinder(text: string): (path: Path) => number | undefined {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter });
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] } | undefined;
      if (node?.range) return counter.linePos(node.range[0]).line;
    }
    return undefined;
  };
}

const SECRET = /(secret|password|^key|^pins?)$|^(viewer|steward|technician)$/i;

/** What is no single value may hold a secret in a place nobody foresaw: it is named by its kind. */
function shown(value: unknown, path: Path, secret: boolean): string {
  if (secret || SECRET.test(String(path.at(-1)))) return '[secret]';
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'a map of keys';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** What zod found, as sentences with path, line, value and what is allowed. */
export function problemsOf(
  error: z.ZodError,
  schema: z.ZodType,
  tree: unknown,
  lineOf: (path: Path) => number | undefined,
): Problem[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path as Path;
    if (issue.code === 'unrecognized_keys') {
      const parent = path.length === 0 ? schema : schemaAt(schema, path, tree);
      const names = parent ? namesIn(unwrap(parent).base, getAt(tree, path)) : [];
      return issue.keys.map((key) => {
        const guess = didYouMean(key, names) || `; allowed here: ${names.join(', ')}`;
        // Without its value: it may be a secret whose key is misspelt.
        return problem([...path, key], `unknown key${guess}`, false);
      });
    }
    const parent = path.length > 0 ? schemaAt(schema, path.slice(0, -1), tree) : undefined;
    const union = parent && unwrap(parent).base;
    if (union && isDiscriminated(union) && path.at(-1) === 'driver') return [noSuchDriver(path, union)];
    const at = schemaAt(schema, path, tree);
    const allowed = at ? allowedText(at) : undefined;
    const value = getAt(tree, path);
    const missing = value === undefined;
    const quote = typeof value === 'number' && allowed?.startsWith('text') ? ' (put it in quotes)' : '';
    const said = allowed === undefined ? issue.message : `allowed: ${allowed}`;
    return [problem(path, `${missing ? 'is missing; ' : ''}${said}${quote}`)];
  });

  function noSuchDriver(path: Path, union: Schema): Problem {
    const value = getAt(tree, path);
    const names = variants(union).map((v) => v.name);
    const guess = typeof value === 'string' ? didYouMean(value, names) : '';
    return problem(
      path,
      `${value === undefined ? 'is missing' : `no such driver${guess}`}; allowed: ${names.join(', ')}`,
    );
  }

  function isSecret(path: Path): boolean {
    const at = schemaAt(schema, path, tree);
    return at !== undefined && unwrap(at).secret === true;
  }

  function problem(path: Path, message: string, withValue = true): Problem {
    const value = getAt(tree, path);
    const line = lineOf(path);
    return {
      path: pathText(path),
      ...(line !== undefined && { line }),
      ...(withValue && value !== undefined && { value: shown(value, path, isSecret(path)) }),
      message,
    };
  }
}
