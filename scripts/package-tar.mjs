// Builds dist/portillon_<version>_<arch>.tar.gz and its .sha256: the compiled gate with its production packages, for a machine that has its own
// Node. The same tree gives the same bytes: names in order, no owner, no clock. `node scripts/package-tar.mjs [FILE]`, after `npm run build`.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { copyProductionModules } from './production-modules.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8'));
const name = `portillon_${version}_${process.arch}`;
const file = path.resolve(process.argv[2] ?? path.join(project, `dist/${name}.tar.gz`));
if (!existsSync(path.join(project, 'dist/src/cli/main.js')))
  throw new Error('there is no dist/: run `npm run build` first');
const stage = mkdtempSync(path.join(tmpdir(), 'portillon-tar-'));
try {
  const root = path.join(stage, name);
  copyProductionModules(project, root);
  for (const part of [
    'dist/src',
    'dist/drivers',
    'deploy',
    'package.json',
    'package-lock.json',
    'README.md',
    'LICENSE',
    'docs/configuration.md',
  ])
    cpSync(path.join(project, part), path.join(root, part), { recursive: true });
  mkdirSync(path.dirname(file), { recursive: true });
  const order = [
    '--sort=name',
    '--mtime=@0',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    '--mode=u=rwX,go=rX',
    '--format=gnu',
  ];
  const tar = execFileSync('tar', [...order, '-C', stage, '-c', name], { maxBuffer: 1 << 30 });
  const packed = gzipSync(tar, { level: 9 });
  // Which system packed it is no part of it.
  packed[9] = 255;
  writeFileSync(file, packed);
  const sum = createHash('sha256').update(packed).digest('hex');
  writeFileSync(`${file}.sha256`, `${sum}  ${path.basename(file)}\n`);
  console.log(`${path.relative(process.cwd(), file)}  ${(packed.length / 1e6).toFixed(1)} MB  ${sum}`);
} finally {
  rmSync(stage, { recursive: true, force: true });
}
