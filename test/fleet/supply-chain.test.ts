import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/builders.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = (file: string): string => readFileSync(`${root}${file}`, 'utf8');

describe('supply chain', () => {
  it('the tarball is the same bytes twice, holds this processor only, and runs from where it is unpacked', () => {
    const folder = temporaryFolder();
    const pack = (name: string): Buffer => {
      execFileSync(process.execPath, ['scripts/package-tar.mjs', `${folder}/${name}`], { cwd: root, stdio: 'pipe' });
      return readFileSync(`${folder}/${name}`);
    };
    const [first, second] = [pack('a.tar.gz'), pack('b.tar.gz')];
    expect(first.equals(second)).toBe(true);
    execFileSync('tar', ['-xzf', `${folder}/a.tar.gz`, '-C', folder]);
    const { version } = JSON.parse(text('package.json')) as { version: string };
    const unpacked = `${folder}/portillon_${version}_${process.arch}`;
    const names = execFileSync('find', [unpacked, '-name', '*.node'], { encoding: 'utf8' }).trim().split('\n');
    expect(names.length).toBeGreaterThanOrEqual(5);
    for (const name of names) expect(name).not.toMatch(/musl|darwin|win32|android|freebsd/);
    const said = execFileSync(process.execPath, ['dist/src/cli/main.js', 'drivers'], {
      cwd: unpacked,
      encoding: 'utf8',
    });
    expect(said).toContain('serial-scanner');
    // Every native package loads from what was left of it.
    const load = ['classic-level', 'serialport', 'node-hid', 'epoll', 'koffi'].map((m) => `require('${m}')`).join(';');
    execFileSync(process.execPath, ['-e', load], { cwd: unpacked, stdio: 'pipe' });
    expect(existsSync(`${unpacked}/node_modules/vitest`)).toBe(false);
  });

  it('the bill of materials is CycloneDX by its schema, and every licence is known', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/sbom.mjs'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status, stdout).toBe(0);
    const bom = JSON.parse(text('dist/sbom.cdx.json')) as { bomFormat: string; components: { name: string }[] };
    expect(bom.bomFormat).toBe('CycloneDX');
    expect(bom.components.map((c) => c.name)).toContain('classic-level');
    expect(bom.components.map((c) => c.name)).not.toContain('vitest');
    expect(text('dist/licences.txt').trim().split('\n')).toHaveLength(bom.components.length);
  });

  it('every package is pinned, and locked with its sum', () => {
    const { dependencies, devDependencies } = JSON.parse(text('package.json')) as Record<
      string,
      Record<string, string>
    >;
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
    const lock = JSON.parse(text('package-lock.json')) as {
      packages: Record<string, { integrity?: string; link?: boolean }>;
    };
    const loose = Object.entries(lock.packages).filter(([path, p]) => path !== '' && !p.link && !p.integrity);
    expect(loose.map(([path]) => path)).toEqual([]);
  });
});
