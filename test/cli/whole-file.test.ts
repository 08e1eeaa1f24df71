import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, it } from 'vitest';
import { fileTrouble, wholeFile } from '../../src/cli/file-trouble.js';
import { temporaryFolder } from '../support/builders.js';

it('a file is written whole, or the one before stays', async () => {
  const file = `${temporaryFolder()}/out.csv`;
  writeFileSync(file, 'the one before');
  const broken = async function* (): AsyncGenerator<string> {
    yield 'half';
    throw new Error('SecuTix is gone');
  };
  await expect(wholeFile(file, (out) => pipeline(broken, out))).rejects.toThrow('SecuTix is gone');
  expect([readFileSync(file, 'utf8'), existsSync(`${file}.part`)]).toEqual(['the one before', false]);
  await wholeFile(file, (out) => pipeline(Readable.from(['whole']), out));
  expect([readFileSync(file, 'utf8'), statSync(file).mode & 0o777]).toEqual(['whole', 0o600]);
});

it('what the system says of a file is a sentence with the name the person gave', async () => {
  const file = `${temporaryFolder()}/nowhere/out.csv`;
  const error: unknown = await wholeFile(file, (out) => pipeline(Readable.from(['x']), out)).catch((e: unknown) => e);
  expect(fileTrouble(error)).toBe(`${file}: there is no such file or folder (ENOENT)`);
  expect(fileTrouble(new Error('something else'))).toBeUndefined();
  expect(fileTrouble(undefined)).toBeUndefined();
});
