/** A place in the configuration. `ANY` stands for "every item of the list". */
export type Path = readonly (string | number)[];

export const ANY = -1;

/** `lanes[0].readers[0].path`; with `ANY`: `lanes[N].readers[N].path`. */
export function pathText(path: Path): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += part === ANY ? '[N]' : `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

/** The one rule: `PORTILLON_` + the path in capitals, camelCase split by `_`, list indexes as numbers. */
export function envName(path: Path): string {
  const parts = path.map((part) =>
    typeof part === 'number'
      ? part === ANY
        ? 'N'
        : String(part)
      : part
          .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
          .replace(/[^A-Za-z0-9]+/g, '_')
          .toUpperCase(),
  );
  return ['PORTILLON', ...parts].join('_');
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function getAt(tree: unknown, path: Path): unknown {
  let at = tree;
  for (const part of path) {
    if (typeof part === 'number') at = Array.isArray(at) ? (at[part] as unknown) : undefined;
    else at = isMap(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  }
  return at;
}

/** Sets a value and creates the maps and lists on the way. False: something else is in the way, or a list would get a hole. */
export function setAt(tree: Record<string, unknown>, path: Path, value: unknown): boolean {
  let at: Record<string, unknown> | unknown[] = tree;
  for (const [i, part] of path.entries()) {
    const last = i === path.length - 1;
    const next: unknown = last ? value : (getAt(at, [part]) ?? (typeof path[i + 1] === 'number' ? [] : {}));
    if (typeof part === 'number') {
      if (!Array.isArray(at) || part > at.length) return false;
      at[part] = next;
    } else {
      if (!isMap(at)) return false;
      at[part] = next;
    }
    if (!last) {
      if (typeof next !== 'object') return false;
      at = next as Record<string, unknown> | unknown[];
    }
  }
  return true;
}

export function deleteAt(tree: unknown, path: Path): void {
  const parent = getAt(tree, path.slice(0, -1));
  const key = path.at(-1);
  if (isMap(parent) && typeof key === 'string') delete parent[key];
}
