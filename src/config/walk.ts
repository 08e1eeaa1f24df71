import type { z } from 'zod';
import { ANY, getAt, isMap, type Path } from './path.js';

export type Schema = z.core.$ZodType;

/** The parts of zod's definitions that are read here; zod types them per class, a walk needs them side by side. */
interface Def {
  type: string;
  innerType?: Schema;
  in?: Schema;
  out?: Schema;
  shape?: Record<string, Schema>;
  element?: Schema;
  valueType?: Schema;
  options?: Schema[];
  discriminator?: string;
  defaultValue?: unknown;
  values?: unknown[];
  entries?: Record<string, string | number>;
}
export interface Meta {
  description?: string;
  /** What may stand here, in words; without it the words come from the schema. */
  allowed?: string;
  secret?: boolean;
  kind?: string;
  example?: string;
}

export const defOf = (schema: Schema): Def => schema._zod.def;
const metaOf = (schema: Schema): Meta => (schema as { meta?: () => unknown }).meta?.() ?? {};

export interface Unwrapped extends Meta {
  base: Schema;
  required: boolean;
  fallback: unknown;
}

/** Takes the wrappers off (optional, default, transform, ...); the outermost description wins. */
export function unwrap(schema: Schema): Unwrapped {
  let meta: Meta = {};
  let required = true;
  let fallback: unknown;
  for (let at = schema; ;) {
    const def = defOf(at);
    meta = { ...metaOf(at), ...meta };
    if (def.type === 'optional' || def.type === 'default' || def.type === 'prefault') {
      required = false;
      fallback ??= def.defaultValue;
    }
    // A pipe that begins with a transform (a `preprocess`) shows its shape on the way out.
    const inner = def.innerType ?? (def.in && defOf(def.in).type === 'transform' ? def.out : def.in);
    if (inner === undefined) return { ...meta, base: at, required, fallback };
    at = inner;
  }
}

/** A union that one key decides (`driver`). */
export function isDiscriminated(base: Schema): boolean {
  return defOf(base).type === 'union' && defOf(base).discriminator !== undefined;
}

/** The alternatives of a discriminated union, each with the value that chooses it. */
export function variants(base: Schema): { name: string; schema: Schema }[] {
  const { options = [], discriminator = '' } = defOf(base);
  return options.flatMap((option) => {
    const object = unwrap(option).base;
    if (isDiscriminated(object)) return variants(object);
    const tag = defOf(object).shape?.[discriminator];
    const values = tag === undefined ? [] : literals(unwrap(tag).base);
    return values.map((name) => ({ name, schema: object }));
  });
}

export function literals(base: Schema): string[] {
  const def = defOf(base);
  return (def.values ?? Object.values(def.entries ?? {})).map(String);
}

export function isContainer(base: Schema): boolean {
  const { type, element } = defOf(base);
  if (type === 'object' || isDiscriminated(base)) return true;
  return type === 'array' && element !== undefined && isContainer(unwrap(element).base);
}

export interface Key extends Unwrapped {
  path: Path;
  schema: Schema;
  /** Set on the options of a driver. */
  variant?: { name: string; of: Path };
}

/**
 * All keys that hold a value. Without `tree`: of every driver, with `ANY` as index. With it: those that matter for
 * this file, one per item, and only those of the chosen drivers.
 */
export function keysOf(root: Schema, tree?: unknown): Key[] {
  const keys: Key[] = [];
  const concrete = tree !== undefined;
  const visit = (schema: Schema, path: Path, variant?: Key['variant']): void => {
    const flat = unwrap(schema);
    const def = defOf(flat.base);
    const here = concrete ? getAt(tree, path) : undefined;
    if (isDiscriminated(flat.base)) {
      if (concrete && here === undefined) return;
      for (const { name, schema: option } of variants(flat.base)) {
        if (concrete && getAt(here, [def.discriminator ?? '']) !== name) continue;
        visit(option, path, { name, of: path });
      }
    } else if (def.type === 'object') {
      if (concrete && here === undefined && !flat.required && flat.fallback === undefined) return;
      for (const [key, child] of Object.entries(def.shape ?? {})) visit(child, [...path, key], variant);
    } else if (def.element !== undefined && isContainer(flat.base)) {
      const items = concrete ? (Array.isArray(here) ? [...here.keys()] : []) : [ANY];
      for (const i of items) visit(def.element, [...path, i], variant);
    } else keys.push({ ...flat, path, schema, ...(variant && { variant }) });
  };
  visit(root, []);
  return keys;
}

/** The schema at a place; `tree` tells which driver was chosen. Undefined: no such key. */
export function schemaAt(root: Schema, path: Path, tree: unknown): Schema | undefined {
  let at: Schema | undefined = root;
  for (const [i, part] of path.entries()) {
    if (at === undefined) return undefined;
    const { base } = unwrap(at);
    at = step(base, part, getAt(tree, path.slice(0, i)));
  }
  return at;
}

function step(base: Schema, part: string | number, value: unknown): Schema | undefined {
  const def = defOf(base);
  if (isDiscriminated(base)) {
    const all = variants(base);
    const chosen = all.find((v) => isMap(value) && v.name === value[def.discriminator ?? '']);
    if (chosen) return step(chosen.schema, part, value);
    return all.map((v) => step(v.schema, part, value)).find((s) => s !== undefined);
  }
  if (typeof part === 'number') return def.element;
  if (def.type === 'record') return def.valueType;
  return def.shape !== undefined && Object.hasOwn(def.shape, part) ? def.shape[part] : undefined;
}

/** Names that may stand in the map at this place. */
export function namesIn(base: Schema, value: unknown): string[] {
  const def = defOf(base);
  if (!isDiscriminated(base)) return Object.keys(def.shape ?? {});
  const all = variants(base);
  const chosen = all.filter((v) => isMap(value) && v.name === value[def.discriminator ?? '']);
  return [...new Set((chosen.length > 0 ? chosen : all).flatMap((v) => Object.keys(defOf(v.schema).shape ?? {})))];
}
