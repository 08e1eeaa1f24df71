import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

describe('the power cut of a process', () => {
  const powerCut = async <T>(...args: string[]): Promise<T> => {
    const script = fileURLToPath(new URL('../../dist/test/power-cut/kill.js', import.meta.url));
    const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    for await (const chunk of child.stdout) text += String(chunk);
    return JSON.parse(text) as T;
  };

  it('kill -9 in the middle of a crowd loses nothing and admits nobody twice', { timeout: 600_000 }, async () => {
    const cycles = process.env.PORTILLON_TEST_CYCLES ?? '30';
    const result = await powerCut<{ problems: string[]; checks: number }>(
      '--cycles',
      cycles,
      '--seed',
      '11',
      '--within',
      '200',
    );
    expect(result.problems).toEqual([]);
    expect(result.checks).toBeGreaterThan(10);
  });

  it(
    'kill -9 between grant, passage and outcome: who walked is in, once, also who walked while the gate was dead',
    {
      timeout: 600_000,
    },
    async () => {
      const cycles = process.env.PORTILLON_TEST_CYCLES ?? '4';
      const result = await powerCut<{ problems: string[]; walked: number }>('--passages', '--cycles', cycles);
      expect(result.problems).toEqual([]);
      expect(result.walked).toBeGreaterThan(0);
    },
  );
});
