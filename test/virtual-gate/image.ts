/**
 * The file system of the virtual machine, as one archive in memory: busybox, Node and its libraries, the kernel
 * modules, and the application. Two archives one after the other: the first rarely changes and is kept, the second
 * holds the application and is made anew each time. Neither is compressed, because unpacking is slow under emulation.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildKernel, MODULE_NAMES, type Kernel } from './kernel.js';
import { librariesOf, run, runScript } from './shell.js';

export interface ImageOptions {
  /** Folder for what is used again by the next run. */
  cache: string;
  /** Folder with `package.json`, `dist/` and a production `node_modules`: `/app` in the machine. */
  app: string;
  progress: (line: string) => void;
}

export interface MachineImage {
  kernel: string;
  initrd: string;
  disk?: string;
}

const TOOLS =
  'sh mount modprobe ifconfig poweroff sleep sync cat ls mkdir rmdir rm ln cp mv echo printf head tail grep sed tr ' +
  'dmesg lsmod ps kill stty date df free env timeout test true false setsid uname wc';

/**
 * The machine's first program. However it ends, the machine goes off: a test must not wait for its own time limit to
 * learn of a failure. (If this shell itself dies, the kernel panics, and `panic=-1` ends the machine too.)
 */
const INIT = `#!/bin/sh
export PATH=/bin HOME=/tmp TMPDIR=/tmp NO_COLOR=1
off() { trap - EXIT; sync; echo; echo "GUEST-EXIT rc=$1"; sleep 0.1; poweroff -f; }
trap 'off 125' EXIT
must() { "$@" || { echo "GUEST-INIT failed: $*"; off 125; }; }
must mount -t proc proc /proc
must mount -t sysfs sys /sys
must mount -t devtmpfs dev /dev
must mount -t tmpfs tmp /tmp
must mount -t tmpfs run /run
for module in ${MODULE_NAMES.join(' ')}; do must modprobe $module; done
must mount -t configfs config /sys/kernel/config
must ifconfig lo 127.0.0.1 up
must cd /app
set -f
for word in $(cat /proc/cmdline); do case $word in run=*) RUN=\${word#run=};; esac; done
read UP REST < /proc/uptime
echo "GUEST-RUN after $UP s: $RUN"
sh -c "$(echo "$RUN" | sed 's/%/ /g')"
off $?
`;

const archive = (folder: string, target: string): Promise<string> =>
  runScript('cd "$0" && find . -mindepth 1 | cpio -o -H newc -R 0:0 --quiet > "$1.part" && mv "$1.part" "$1"', [
    folder,
    target,
  ]);

function copyInto(root: string, files: Iterable<string>): void {
  for (const file of new Set(files)) {
    const target = join(root, file);
    mkdirSync(dirname(target), { recursive: true });
    cpSync(file, target, { dereference: true });
  }
}

/** Everything but the application. */
async function buildBase(folder: string, kernel: Kernel): Promise<void> {
  const root = mkdtempSync(join(folder, 'base-'));
  for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp', 'run', 'root']) mkdirSync(join(root, name));
  cpSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const tool of new Set(TOOLS.split(' '))) symlinkSync('busybox', join(root, 'bin', tool));
  const stripped = run('strip', ['-o', join(root, 'bin/node'), process.execPath]);
  copyInto(root, await librariesOf(process.execPath));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/tmp:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\n');
  writeFileSync(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
  const modules = join(root, 'lib/modules', kernel.release);
  mkdirSync(modules, { recursive: true });
  for (const file of kernel.modules) cpSync(file, join(modules, basename(file)));
  for (const name of ['modules.order', 'modules.builtin']) writeFileSync(join(modules, name), '');
  await run('/sbin/depmod', ['-b', root, kernel.release]);
  await stripped;
  chmodSync(join(root, 'bin/node'), 0o755);
  await archive(root, join(folder, 'base.cpio'));
  rmSync(root, { recursive: true });
}

const nativeModules = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.node'))
    .map((name) => join(folder, name));

async function buildAppArchive(folder: string, app: string, target: string): Promise<void> {
  const root = mkdtempSync(join(folder, 'app-'));
  await run('cp', ['-a', app, join(root, 'app')]);
  writeFileSync(join(root, 'init'), INIT, { mode: 0o755 });
  const needed = await Promise.all(nativeModules(app).map(librariesOf));
  const there = new Set(await librariesOf(process.execPath));
  copyInto(
    root,
    needed.flat().filter((file) => !there.has(file)),
  );
  await archive(root, target);
  rmSync(root, { recursive: true });
}

export async function buildImage(options: ImageOptions): Promise<MachineImage> {
  const { cache, app, progress } = options;
  mkdirSync(cache, { recursive: true });
  const since = (start: number): string => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  let start = performance.now();
  const kernel = await buildKernel(cache, progress);
  progress(`kernel and modules: ${since(start)}`);

  start = performance.now();
  const recipe = [kernel.vmlinux, process.version, process.execPath, TOOLS, ...kernel.modules].join('\n');
  const folder = join(cache, `root-${createHash('sha256').update(recipe).digest('hex').slice(0, 12)}`);
  mkdirSync(folder, { recursive: true });
  const base = join(folder, 'base.cpio');
  const application = join(folder, 'app.cpio');
  const initrd = join(folder, 'initrd.cpio');
  await Promise.all([
    existsSync(base) ? undefined : buildBase(folder, kernel),
    buildAppArchive(folder, app, application),
  ]);
  await runScript('cat "$0" "$1" > "$2"', [base, application, `${initrd}.part`]);
  renameSync(`${initrd}.part`, initrd);
  rmSync(application);
  progress(`root file system: ${since(start)}`);
  return { kernel: kernel.vmlinux, initrd };
}
