/** Makes the folder that becomes `/app` of the virtual machine: the project as a gate would get it, and as small as can be. */
import { cpSync, existsSync, rmSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { runNow, tail } from './shell.js';

/** Needed to compile a package or to read about it, not to run it. Only at the top of a package: `dist/doc` may be code. */
const TOP_FOLDERS = new Set([
  'deps',
  'doc',
  'docs',
  'example',
  'examples',
  'hidapi',
  'test',
  'tests',
  'vendor',
  '.github',
]);
const SOURCES = /\.(c|cc|cpp|cxx|h|hh|hpp|gyp|gypi|inc|o|a|d|md|markdown|map|mk|d\.[cm]?ts)$/i;

/** True for a prebuilt module of another processor, system or C library; they have no rule but their names. */
function foreign(path: string): boolean {
  if (/musl/i.test(basename(path))) return true;
  const [, build] = /(?:^|\/)prebuilds\/([^/]+)/.exec(path.split(sep).join('/')) ?? [];
  return build !== undefined && !new RegExp(`(^|[-_])${process.platform}-${process.arch}$`).test(build);
}

function copyPackage(source: string, target: string): void {
  cpSync(source, target, {
    recursive: true,
    filter: (path) => {
      const inside = relative(source, path);
      if (inside === '') return true;
      // Packages inside packages are in npm's list themselves.
      if (basename(path) === 'node_modules' || basename(path) === 'obj.target') return false;
      return !TOP_FOLDERS.has(inside) && !SOURCES.test(path) && !foreign(inside);
    },
  });
}

/** The folders of the packages that a gate needs, as npm sees them in what is installed here. */
function productionPackages(project: string): string[] {
  const { stdout, all } = runNow('npm', ['ls', '--omit=dev', '--parseable', '--all'], { cwd: project });
  const modules = join(project, 'node_modules') + sep;
  // Not judged by its exit value: npm also grumbles about packages that nobody asked for.
  const folders = stdout.split('\n').filter((line) => line.startsWith(modules) && existsSync(line));
  if (folders.length === 0) throw new Error(`npm names no production packages in ${project}:\n${tail(all)}`);
  return folders.filter((folder) => !folder.includes(`${sep}@types${sep}`));
}

export function stageApp(project: string, target: string, progress: (line: string) => void): void {
  if (!existsSync(join(project, 'dist', 'src'))) throw new Error('there is no dist/: run `npm run build` first');
  rmSync(target, { recursive: true, force: true });
  for (const name of ['package.json', 'package-lock.json', 'dist'])
    cpSync(join(project, name), join(target, name), { recursive: true });
  const packages = productionPackages(project);
  for (const folder of packages) copyPackage(folder, join(target, relative(project, folder)));
  progress(`staged ${packages.length} packages`);
}
