import { z } from 'zod';

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

/** `500ms`, `2s`, `60m`, `1h` -> milliseconds; undefined = not a duration. */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9})(ms|s|m|h)$/.exec(text.trim());
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : undefined;
}

export function formatDuration(ms: number): string {
  for (const unit of ['h', 'm', 's'] as const)
    if (ms > 0 && ms % UNITS[unit] === 0) return `${ms / UNITS[unit]}${unit}`;
  return `${ms}ms`;
}

/** A duration in a configuration: text in, milliseconds out. */
export function durationSchema(min: string, max: string) {
  const from = parseDuration(min) ?? 0;
  const to = parseDuration(max) ?? 0;
  const allowed = `a duration from ${min} to ${max}, like 500ms, 2s, 60m or 1h`;
  return z
    .string({ error: `expected ${allowed}` })
    .meta({ format: 'duration', min, max })
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms >= from && ms <= to) return ms;
      context.addIssue({ code: 'custom', message: `expected ${allowed}`, input: text });
      return z.NEVER;
    });
}

/** How a UID becomes the text that is looked up; see `framing/card-id.ts`. */
export const cardIdShape = z.strictObject({
  reverse: z.boolean().default(false).describe('Last byte first.'),
  base: z.enum(['hex', 'dec']).default('hex').describe('Hexadecimal or decimal digits.'),
  width: z.int().min(0).max(32).default(0).describe('Zeros are put in front up to this many characters; 0: none.'),
  case: z.enum(['upper', 'lower']).default('upper').describe('Case of hexadecimal letters.'),
  prefix: z.string().max(16).default('').describe('Text put in front.'),
  suffix: z.string().max(16).default('').describe('Text put behind.'),
});
export const cardIdOptions = cardIdShape.prefault({});
