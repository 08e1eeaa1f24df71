// The packages a gate runs with, for whoever packs one.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { isIdle } from './prune-modules.mjs';

/** Copies them from the project to the same places below `root`, without what belongs to another processor or only builds. */
export function copyProductionModules(project, root) {
  const production = execFileSync('npm', ['ls', '--omit=dev', '--parseable', '--all'], {
    cwd: project,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
    .split('\n')
    .filter((line) => line.includes(`${path.sep}node_modules${path.sep}`) && existsSync(line));
  if (production.length === 0) throw new Error('npm names no production packages');
  for (const folder of production)
    cpSync(folder, path.join(root, path.relative(project, folder)), {
      recursive: true,
      filter: (from) => {
        const inside = path.relative(folder, from);
        return inside === '' || (!inside.split(path.sep).includes('node_modules') && !isIdle(inside, process.arch));
      },
    });
}
