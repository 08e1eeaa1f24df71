import { InvalidArgumentError, Option } from 'commander';

export const configOption = (): Option =>
  new Option('-c, --config <file>', 'configuration of the gate').env('PORTILLON_CONFIG').default('gate.yaml');
export const dataOption = (): Option => new Option('--data <folder>', 'data folder of the gate, instead of --config');
export const jsonOption = (): Option => new Option('--json', 'print JSON for programs').default(false);

/** A whole number within a range, or a sentence that says which range. */
export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (!Number.isInteger(n) || n < min || n > max)
      throw new InvalidArgumentError(`Allowed: a whole number from ${min} to ${max}.`);
    return n;
  };
}
