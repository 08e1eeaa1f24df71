/**
 * What a container engine does with the image, as the first program of a virtual machine: the root read-only, the volume, the tmpfs of the
 * composition, the environment, ENTRYPOINT and CMD; then it does what lines on ttyS2 say (`exec` in the container), one at a time.
 */
import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Kernel } from '../virtual-gate/kernel.js';
import { runScript } from '../virtual-gate/shell.js';
import type { BuiltImage } from './dockerfile.js';

export interface ContainerOptions {
  image: BuiltImage;
  /** Of the composition and of the operator; they win over the image's. */
  env: Record<string, string>;
  tmpfs: readonly string[];
  readOnly: boolean;
}

const TOOLS =
  'sh mount umount insmod mkdir mknod ifconfig poweroff sync sleep cat echo env chroot stty base64 setsid kill chmod ln mountpoint';
const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** `env` is a variable for busybox here: its PATH is not the container's. */
const inContainer = (options: ContainerOptions): string => {
  // In an engine tini is process 1; here the engine itself is.
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  const all = Object.entries({ ...options.image.env, ...options.env }).map(([n, v]) => quote(`${n}=${v}`));
  return `env -i ${path} HOSTNAME=gate TINI_SUBREAPER=1 ${all.join(' ')} chroot /image`;
};

function initOf(options: ContainerOptions, modules: readonly string[]): string {
  const { image } = options;
  const start = [...image.entrypoint, ...image.command].map(quote).join(' ');
  const within = `cd ${quote(image.workdir)} && exec "$@"`;
  return `#!/bin/sh
export PATH=/bin
off() { echo; echo "ENGINE-END $1"; sync; poweroff -f; }
must() { "$@" || off "failed: $*"; }
must mount -t proc proc /proc
must mount -t devtmpfs dev /dev
for m in ${modules.join(' ')}; do must insmod /modules/$m; done
must mount -t ext4 -o ${options.readOnly ? 'ro' : 'rw'} /dev/vda /image
must mount -t ext4 /dev/vdb /image${image.volumes[0] ?? '/data'}
${options.tmpfs.map((folder) => `must mount -t tmpfs tmpfs /image${folder}`).join('\n')}
must mount -t tmpfs tmpfs /image/tmp/balena
chmod 1777 /image/tmp/balena
must mount -t proc proc /image/proc
must mount -t sysfs sys /image/sys
# As an engine's: a small /dev of its own, until somebody privileged does otherwise.
must mount -t tmpfs tmpfs /image/dev
mkdir /image/dev/pts /image/dev/shm /image/dev/mqueue
must mount -t devpts devpts /image/dev/pts
must mount -t tmpfs shm /image/dev/shm
mknod /image/dev/null c 1 3; mknod /image/dev/zero c 1 5; mknod /image/dev/full c 1 7
mknod /image/dev/random c 1 8; mknod /image/dev/urandom c 1 9; mknod /image/dev/tty c 5 0
chmod 666 /image/dev/null /image/dev/zero /image/dev/full /image/dev/random /image/dev/urandom /image/dev/tty
must ifconfig lo 127.0.0.1 up
echo "ENGINE-START"
( setsid ${inContainer(options)} sh -c ${quote(within)} sh ${start} > /dev/console 2>&1 < /dev/null; echo "CONTAINER-END $?" > /dev/console ) &
stty -F /dev/ttyS2 raw -echo 115200
exec 3< /dev/ttyS2 4> /dev/ttyS2
echo "hello" >&4
while read -r id line <&3; do
  case "$line" in END) off 0;; esac
  out="$(${inContainer(options)} sh -c "cd ${image.workdir}; $line" 2>&1 < /dev/null)"; rc=$?
  echo "$id $rc $(echo "$out" | base64 -w 0)" >&4
done
off "the line to the host is gone"
`;
}

/** The small file system that the machine starts with. */
export async function engineArchive(folder: string, kernel: Kernel, options: ContainerOptions): Promise<string> {
  const root = join(folder, 'engine');
  for (const name of ['bin', 'dev', 'proc', 'image', 'modules']) mkdirSync(join(root, name), { recursive: true });
  cpSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const tool of TOOLS.split(' ')) symlinkSync('busybox', join(root, 'bin', tool));
  for (const file of kernel.diskModules) cpSync(file, join(root, 'modules', basename(file)));
  writeFileSync(
    join(root, 'init'),
    initOf(
      options,
      kernel.diskModules.map((m) => basename(m)),
    ),
  );
  chmodSync(join(root, 'init'), 0o755);
  const archive = join(folder, 'engine.cpio');
  await runScript('cd "$0" && find . -mindepth 1 | cpio -o -H newc -R 0:0 --quiet > "$1"', [root, archive]);
  return archive;
}
