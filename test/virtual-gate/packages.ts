/** Installs what the virtual machine of the hardware test is made of: all of it from Debian, nothing of ours. */
import { runNow, tail } from './shell.js';

/** The kernel image itself is not here: it is only unpacked, never installed on the host (see image.ts). */
const PACKAGES = [
  'qemu-system-x86',
  'linux-source-6.1',
  'linux-headers-amd64',
  'make',
  'binutils',
  'busybox-static',
  'kmod',
  'cpio',
  'xz-utils',
  // node-hid's module is linked with it.
  'libusb-1.0-0',
];

const missing = (packages: readonly string[]): string[] => {
  const { stdout } = runNow('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...packages]);
  const there = new Set(stdout.split('\n').filter((line) => line.endsWith(' installed')));
  return packages.filter((name) => !there.has(`${name} installed`));
};

/** Other programs may hold the lock of the package database for a moment; nothing may ask a question. */
function apt(...args: string[]): { ok: boolean; all: string } {
  const full = ['apt-get', '-y', '-q', '-o', 'DPkg::Lock::Timeout=120', ...args];
  const [command = '', ...rest] =
    process.getuid?.() === 0 ? full : ['sudo', '-n', 'DEBIAN_FRONTEND=noninteractive', ...full];
  return runNow(command, rest, { timeoutMs: 420_000 });
}

export function installPackages(progress: (line: string) => void, packages: readonly string[] = PACKAGES): void {
  const wanted = missing(packages);
  if (wanted.length === 0) return;
  progress(`installing ${wanted.join(' ')}`);
  // unsafe-io: thousands of kernel headers are not worth an fsync each.
  const install = (): { ok: boolean; all: string } =>
    apt('install', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-unsafe-io', ...wanted);
  let result = install();
  if (!result.ok) {
    // No package lists yet, or lists so old that the files they name are gone.
    progress('refreshing the package lists');
    const update = apt('update');
    result = update.ok ? install() : update;
  }
  const left = missing(packages);
  if (left.length > 0) throw new Error(`could not install ${left.join(' ')}:\n${tail(result.all)}`);
}
