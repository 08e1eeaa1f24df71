/**
 * What stands in for the base image: a bare Debian of the same release (debootstrap) with this machine's Node where the official image has it.
 * The Debian is made once and shared with the test of the package.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { run } from '../virtual-gate/shell.js';

export const DEBIAN = path.join(process.env.PORTILLON_PACKAGE_CACHE ?? tmpdir(), 'portillon-debian-bookworm');

function install(name: string): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]) =>
    spawnSync('apt-get', ['-y', '-q', '-o', 'DPkg::Lock::Timeout=120', ...args], { env });
  if (apt('install', '--no-install-recommends', name).status === 0) return;
  apt('update');
  const again = apt('install', '--no-install-recommends', name);
  if (again.status !== 0) throw new Error(`cannot install ${name}: ${again.stderr.toString().slice(-500)}`);
}

/** A bare Debian 12; made once. */
export async function bareDebian(say: (line: string) => void): Promise<string> {
  if (existsSync(path.join(DEBIAN, 'bin/sh'))) return DEBIAN;
  if (spawnSync('debootstrap', ['--version']).status !== 0) install('debootstrap');
  say('making a bare Debian 12');
  rmSync(DEBIAN, { recursive: true, force: true });
  rmSync(`${DEBIAN}.new`, { recursive: true, force: true });
  const packages = '--include=adduser,libusb-1.0-0,libudev1,libstdc++6';
  await run('debootstrap', ['--variant=minbase', packages, 'bookworm', `${DEBIAN}.new`], { timeoutMs: 400_000 });
  await run('mv', [`${DEBIAN}.new`, DEBIAN]);
  return DEBIAN;
}

/** `name` must be an official Node image on Debian 12 slim, pinned to a version; with or without a digest. */
export async function makeBase(name: string, root: string, say: (line: string) => void): Promise<void> {
  const wanted = /^node:(\d+\.\d+\.\d+)-bookworm-slim(@sha256:[0-9a-f]{64})?$/.exec(name)?.[1];
  if (wanted === undefined) throw new Error(`FROM ${name}: no stand-in is known for this image`);
  await run('cp', ['-a', `${await bareDebian(say)}/.`, root]);
  say(
    `FROM ${name}: no engine and no registry here; in its place Debian 12 (debootstrap) with Node ${process.version} of this machine`,
  );
  const local = path.join(root, 'usr/local');
  mkdirSync(path.join(local, 'lib/node_modules'), { recursive: true });
  cpSync(process.execPath, path.join(local, 'bin/node'), { dereference: true });
  chmodSync(path.join(local, 'bin/node'), 0o755);
  const modules = (await run('npm', ['root', '-g'])).trim();
  cpSync(path.join(modules, 'npm'), path.join(local, 'lib/node_modules/npm'), {
    recursive: true,
    verbatimSymlinks: true,
  });
  for (const [link, file] of [
    ['npm', 'npm-cli.js'],
    ['npx', 'npx-cli.js'],
  ] as const)
    symlinkSync(`../lib/node_modules/npm/bin/${file}`, path.join(local, 'bin', link));
  // The official image carries Node's headers too; native add-ons are compiled with them.
  const headers = path.join(path.dirname(process.execPath), '../include/node');
  if (existsSync(headers)) cpSync(headers, path.join(local, 'include/node'), { recursive: true, dereference: true });
  await run('chroot', [
    root,
    'useradd',
    '--uid',
    '1000',
    '--user-group',
    '--create-home',
    '--shell',
    '/bin/bash',
    'node',
  ]);
  // Thousands of small files are not worth an fsync each.
  await run('sh', ['-c', 'echo force-unsafe-io > "$1"/etc/dpkg/dpkg.cfg.d/unsafe-io', 'sh', root]);
}
