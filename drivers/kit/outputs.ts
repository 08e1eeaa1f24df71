import { z } from 'zod';
import type { Input, Output } from './board.js';
import { INPUTS, OUTPUTS } from './board.js';

const OUTPUT_HELP: Readonly<Record<Output, string>> = {
  grantA: 'Lets one person through, way A.',
  grantB: 'Lets one person through, way B.',
  freeA: 'Held while way A is free.',
  freeB: 'Held while way B is free.',
  block: 'Stop: clears an authorisation that the turnstile remembers.',
};
const INPUT_HELP: Readonly<Record<Input, string>> = {
  passA: 'A person went through, way A.',
  passB: 'A person went through, way B.',
  fire: 'Fire alarm, a monitor: the release itself is wired to the turnstile.',
  release: 'Emergency release, a monitor.',
  fault: 'The turnstile reports a fault.',
  forced: 'The turnstile reports a forced passage.',
  ready: 'The turnstile is ready; inactive: nobody is admitted.',
  tamper: 'Housing opened.',
};

type Shape<K extends string, S extends z.ZodType> = { [P in K]: z.ZodOptional<S> };
const shape = <K extends string, S extends z.ZodType>(
  names: readonly K[],
  help: Readonly<Record<K, string>>,
  line: S,
) => Object.fromEntries(names.map((n) => [n, line.optional().describe(help[n])])) as Shape<K, S>;

/** One key an output, each with what `line` asks for (a line, a coil, a relay number). */
export const outputsSchema = <S extends z.ZodType>(line: S) => z.strictObject(shape(OUTPUTS, OUTPUT_HELP, line));
export const inputsSchema = <S extends z.ZodType>(line: S) => z.strictObject(shape(INPUTS, INPUT_HELP, line));

/** The configured ones, in the order of the lists above. */
export function named<K extends string, T>(object: Partial<Record<K, T | undefined>>): Map<K, T> {
  const map = new Map<K, T>();
  for (const key of Object.keys(object) as K[]) {
    const value = object[key];
    if (value !== undefined) map.set(key, value);
  }
  return map;
}
