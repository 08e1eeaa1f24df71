import { defOf, literals, type Schema, unwrap } from './walk.js';

interface Bounds {
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
}

/** zod keeps bounds as a list of checks. */
function boundsOf(base: Schema): Bounds {
  const bounds: Bounds = {};
  const checks = (base._zod.def as unknown as { checks?: { _zod: { def: Record<string, unknown> } }[] }).checks ?? [];
  for (const { _zod } of checks) {
    const { check, value, minimum, maximum } = _zod.def;
    if (check === 'greater_than') bounds.minimum = value as number;
    if (check === 'less_than') bounds.maximum = value as number;
    if (check === 'min_length') bounds.minLength = minimum as number;
    if (check === 'max_length') bounds.maxLength = maximum as number;
  }
  return bounds;
}

/** What may stand at a key, in words. */
export function allowedText(schema: Schema): string {
  const flat = unwrap(schema);
  const { base } = flat;
  const meta = flat as { allowed?: string; format?: string; min?: string; max?: string };
  if (meta.allowed !== undefined) return meta.allowed;
  if (meta.format === 'duration') return `a duration from ${meta.min} to ${meta.max}, like 500ms, 2s, 60m or 1h`;
  const def = defOf(base);
  const bag = boundsOf(base);
  switch (def.type) {
    case 'enum':
    case 'literal':
      return literals(base).join(', ');
    case 'union':
      return (def.options ?? []).map(allowedText).join(' or ');
    case 'number':
    case 'int': {
      const { minimum, maximum } = bag;
      return minimum !== undefined && maximum !== undefined
        ? `a whole number from ${minimum} to ${maximum}`
        : 'a whole number';
    }
    case 'boolean':
      return 'true or false';
    case 'array':
      return `a list of: ${def.element ? allowedText(def.element) : 'values'}`;
    case 'record':
      return `a map of names to: ${def.valueType ? allowedText(def.valueType) : 'values'}`;
    case 'object':
      return 'a map with keys';
    default: {
      const min = typeof bag.minLength === 'number' ? bag.minLength : 0;
      return typeof bag.maxLength === 'number'
        ? `text of ${min} to ${bag.maxLength} characters`
        : min > 0
          ? 'text that is not empty'
          : 'text';
    }
  }
}
