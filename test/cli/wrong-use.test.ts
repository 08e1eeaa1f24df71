import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { portillon } from '../support/command.js';

describe('what a command cannot use', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), 'portillon-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    [
      'a plug that is none',
      ['demo', '--gates', '2', '--faults', 'gate-9 5s'],
      'no plug "gate-9 5s" (plugs: broker, hub, gate-1',
    ],
    ['a number that is none', ['demo', '--visitors', 'many'], 'Allowed: a whole number'],
    ['a day that is none', ['replay', '--day', 'yesterday'], 'a date such as 2026-07-04'],
  ])('%s: exit code 2, and what may be given', async (_name, args, words) => {
    const { code, stderr } = await portillon(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
  });

  it.each([
    ['[{"operator": "A", "partner": 3, "secret": "keep-me"}]', '[0].partner'],
    ['[{"operator":', 'JSON'],
  ])('operators that are none: %s', async (text, words) => {
    const file = path.join(folder, 'operators.json');
    writeFileSync(file, text);
    const { code, stderr } = await portillon('simulator', '--port', '0', '--operators', file);
    expect([code, stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(stderr).not.toContain('keep-me');
  });
});
