import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const archive = fileURLToPath(new URL('../../test/fixtures/format-1.tar.xz', import.meta.url));

/** Unpacks `data/` and `app/` of format 1 (see `test/fixtures/README.md`). */
export function unpackFormat1(folder: string, project: string, fixture = archive): { data: string; main: string } {
  execFileSync('tar', ['-xJf', fixture, '-C', folder]);
  symlinkSync(path.join(project, 'node_modules'), path.join(folder, 'app/node_modules'));
  return { data: path.join(folder, 'data'), main: path.join(folder, 'app/dist/src/cli/main.js') };
}
