// Deletes from a node_modules folder what a gate does not run: builds of other processors, systems and C libraries, sources, types and maps.
// `node scripts/prune-modules.mjs FOLDER [--arch arm64]`. Licences stay.
import { readdirSync, rmdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A native build in `file` (inside a package) that `arch` on glibc cannot load; they have no rule but their names. */
export function isForeign(file, arch) {
  const parts = file.split(path.sep);
  if (/musl/.test(file)) return parts.includes('prebuilds') || file.endsWith('.node');
  const build = parts[parts.indexOf('prebuilds') + 1];
  if (parts.includes('prebuilds') && build !== undefined && build !== path.basename(file))
    return !new RegExp(`(^|[-_])linux-${arch}$`).test(build);
  const koffi = /koffi-([a-z]+-[a-z0-9]+)/.exec(file)?.[1];
  return koffi !== undefined && koffi !== `linux-${arch}`;
}
const SOURCE = /\.(c|cc|cpp|cxx|h|hh|hpp|gyp|gypi|a|o|map|d\.[cm]?ts)$/;
/** Of native packages: their sources. Only at the top of a package: `dist/doc` may be code. */
const FOLDERS = new Set(['deps', 'hidapi', 'vendor', 'test', 'tests', 'example', 'examples', 'docs', '.github']);

/** Whether a file of `inside` (path within its package) is left out. */
export function isIdle(inside, arch) {
  const [top] = inside.split(path.sep);
  return FOLDERS.has(top) || SOURCE.test(inside) || /(^|\/)obj\.target(\/|$)/.test(inside) || isForeign(inside, arch);
}

/** Path within the innermost package. */
const withinPackage = (file) => {
  const after = file.slice(file.lastIndexOf(`node_modules${path.sep}`) + 'node_modules'.length + 1).split(path.sep);
  return after.slice(after[0]?.startsWith('@') ? 2 : 1).join(path.sep);
};

export function pruneModules(folder, arch) {
  let bytes = 0;
  const visit = (at) => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const file = path.join(at, entry.name);
      if (entry.isDirectory()) {
        visit(file);
        if (readdirSync(file).length === 0) rmdirSync(file);
      } else if (entry.isFile()) {
        const inside = withinPackage(file);
        const whole = path.relative(folder, file);
        if ((inside !== '' && isIdle(inside, arch)) || isForeign(whole, arch)) {
          bytes += statSync(file).size;
          rmSync(file);
        }
      }
    }
  };
  visit(folder);
  return bytes;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder, flag, wanted] = process.argv.slice(2);
  if (folder === undefined || (flag !== undefined && (flag !== '--arch' || wanted === undefined))) {
    console.error('usage: prune-modules.mjs FOLDER [--arch ARCH]');
    process.exit(2);
  }
  const absolute = path.resolve(folder);
  if (path.basename(absolute) !== 'node_modules') throw new Error(`${folder} is no node_modules folder`);
  console.log(`${(pruneModules(absolute, wanted ?? process.arch) / 1e6).toFixed(1)} MB left out`);
}
