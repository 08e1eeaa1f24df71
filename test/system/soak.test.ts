import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

describe('a day at the gates, 60 times as fast', () => {
  it('loses no check and admits nobody twice, whatever fails', { timeout: 300_000 }, async () => {
    const script = fileURLToPath(new URL('../../dist/test/soak/main.js', import.meta.url));
    const args = [script, '--minutes', process.env.PORTILLON_TEST_SOAK ?? '0.4', '--seed', '3', '--sealed'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 64e6 });
    const { figures, problems } = JSON.parse(stdout) as { figures: Record<string, number>; problems: string[] };
    expect(problems).toEqual([]);
    expect(figures).toMatchObject({ 'checks lost': 0, 'double admissions': 0, lanes: 10 });
    expect(figures.checks).toBeGreaterThan(100);
  });
});
