/**
 * Debian's kernel for the virtual machine, unmodified, and the two modules Debian leaves out: simulated GPIO lines and
 * the interrupts they need. The modules come from Debian's own kernel source; a turnstile's relay and sensor need them.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run, runScript } from './shell.js';

/** In the order of loading. The parts of USB serve devices that a test may add to the machine. */
const DEBIAN_MODULES = [
  'fs/configfs/configfs.ko',
  'drivers/hid/hid.ko',
  'drivers/hid/hid-generic.ko',
  'drivers/hid/uhid.ko',
  'drivers/input/evdev.ko',
  'drivers/usb/common/usb-common.ko',
  'drivers/usb/core/usbcore.ko',
  'drivers/hid/usbhid/usbhid.ko',
];
const OWN_MODULES = ['irq_sim.ko', 'gpio-sim.ko'];

/** For a machine that starts from a disk, in the order of loading. */
export const DISK_MODULES = [
  'drivers/virtio/virtio_ring.ko',
  'drivers/virtio/virtio.ko',
  'drivers/virtio/virtio_pci_legacy_dev.ko',
  'drivers/virtio/virtio_pci_modern_dev.ko',
  'drivers/virtio/virtio_pci.ko',
  'drivers/block/virtio_blk.ko',
  'lib/crc16.ko',
  'crypto/crc32c_generic.ko',
  'fs/mbcache.ko',
  'fs/jbd2/jbd2.ko',
  'fs/ext4/ext4.ko',
];

const FROM_DEBIAN = [...DEBIAN_MODULES, ...DISK_MODULES];

export const MODULE_NAMES = ['configfs', 'irq_sim', 'gpio-sim', 'hid-generic', 'usbhid', 'uhid', 'evdev'];

export interface Kernel {
  release: string;
  vmlinux: string;
  modules: string[];
  /** Those of `DISK_MODULES`, in the order of loading. */
  diskModules: string[];
}

/** Headers and image must be the same build, so the installed headers choose the version. */
export async function kernelPackage(): Promise<{ release: string; version: string }> {
  const depends = await run('dpkg-query', ['-W', '-f', '${Depends}', 'linux-headers-amd64']);
  const [, release, version] = /linux-headers-(\S+) \(= ([^)]+)\)/.exec(depends) ?? [];
  if (!release || !version) throw new Error(`linux-headers-amd64 names no kernel: ${depends}`);
  return { release, version };
}

/**
 * The payload of a bzImage is the kernel itself, compressed. Unpacking it here takes a second; under emulation the
 * machine would spend five on it at every start.
 */
export async function unpackKernel(bzImage: string, target: string): Promise<void> {
  const image = readFileSync(bzImage);
  const setupSectors = image.readUInt8(0x1f1) || 4;
  const start = (setupSectors + 1) * 512 + image.readUInt32LE(0x248);
  // The last four bytes are the unpacked size, written there for the kernel's own loader.
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c) - 4);
  const magic = payload.readUInt32BE(0);
  const tool = magic === 0xfd377a58 ? 'xz' : magic === 0x28b52ffd ? 'zstd' : undefined;
  if (!tool) throw new Error(`${bzImage} is compressed in a way not known here (${magic.toString(16)})`);
  const packed = `${target}.packed`;
  writeFileSync(packed, payload);
  await runScript(`${tool} -dc < "$0" > "$1"`, [packed, `${target}.part`]);
  rmSync(packed);
  renameSync(`${target}.part`, target);
}

async function debianPart(folder: string, release: string, version: string): Promise<void> {
  const download = join(folder, 'download');
  rmSync(download, { recursive: true, force: true });
  mkdirSync(download);
  const fetchImage = (): Promise<string> =>
    run('apt-get', ['-q', '-o', 'APT::Sandbox::User=', 'download', `linux-image-${release}=${version}`], {
      cwd: download,
    });
  await fetchImage().catch(async () => {
    // Lists so old that the mirror has moved on.
    await run('apt-get', ['-q', 'update']);
    await fetchImage();
  });
  const file = readdirSync(download).find((name) => name.endsWith('.deb'));
  if (!file) throw new Error(`apt-get brought no kernel image ${release}`);
  const wanted = FROM_DEBIAN.map((path) => `./lib/modules/${release}/kernel/${path}`);
  await runScript(
    'dpkg-deb --fsys-tarfile "$0" | tar -x --transform "s,.*/,," "$@"',
    [file, `./boot/vmlinuz-${release}`, ...wanted],
    { cwd: download },
  );
  await unpackKernel(join(download, `vmlinuz-${release}`), join(folder, 'vmlinux'));
  for (const path of FROM_DEBIAN) renameSync(join(download, basename(path)), join(folder, basename(path)));
  rmSync(download, { recursive: true });
}

async function ownPart(folder: string, release: string): Promise<void> {
  const build = join(folder, 'build');
  rmSync(build, { recursive: true, force: true });
  mkdirSync(build);
  const listing = await run('dpkg', ['-L', 'linux-source-6.1']);
  const archive = listing.split('\n').find((line) => line.endsWith('.tar.xz'));
  if (!archive) throw new Error('the package linux-source-6.1 holds no source archive');
  const top = basename(archive, '.tar.xz');
  const sources = ['drivers/gpio/gpio-sim.c', 'drivers/gpio/gpiolib.h', 'kernel/irq/irq_sim.c'];
  // --occurrence lets tar stop reading at the last of them instead of at the end of 1.3 GB.
  await run(
    'tar',
    ['-xJf', archive, '--occurrence=1', '--transform', 's,.*/,,', ...sources.map((path) => `${top}/${path}`)],
    { cwd: build },
  );
  // irq_sim is made for the kernel proper: as a module it lacks a licence, and one function is not there for modules.
  const source = join(build, 'irq_sim.c');
  const text = readFileSync(source, 'utf8');
  const patched = text.replace('handle_simple_irq(irq_to_desc(irqnum));', 'generic_handle_irq(irqnum);');
  if (patched === text && text.includes('irq_to_desc')) throw new Error('irq_sim.c is not the one known here');
  writeFileSync(source, `#include <linux/module.h>\n${patched}\nMODULE_LICENSE("GPL");\n`);
  writeFileSync(join(build, 'Makefile'), 'obj-m := irq_sim.o gpio-sim.o\n');
  await run('make', ['-s', '-j2', '-C', `/usr/src/linux-headers-${release}`, `M=${build}`, 'modules']);
  await run('strip', ['--strip-debug', ...OWN_MODULES], { cwd: build });
  for (const name of OWN_MODULES) renameSync(join(build, name), join(folder, name));
  rmSync(build, { recursive: true });
}

/** What is there already for the same kernel version is used again. */
export async function buildKernel(cache: string, progress: (line: string) => void): Promise<Kernel> {
  const { release, version } = await kernelPackage();
  const folder = join(cache, `linux-${version}`);
  mkdirSync(folder, { recursive: true });
  const names = [...DEBIAN_MODULES.map((path) => basename(path)), ...OWN_MODULES];
  const lacks = (list: readonly string[]): boolean => list.some((name) => !existsSync(join(folder, name)));
  const work: Promise<void>[] = [];
  if (lacks(['vmlinux', ...FROM_DEBIAN.map((path) => basename(path))])) {
    progress(`unpacking Debian's kernel ${release} (${version})`);
    work.push(debianPart(folder, release, version));
  }
  if (lacks(OWN_MODULES)) {
    progress('building gpio-sim and irq_sim');
    work.push(ownPart(folder, release));
  }
  await Promise.all(work);
  return {
    release,
    vmlinux: join(folder, 'vmlinux'),
    modules: names.map((name) => join(folder, name)),
    diskModules: DISK_MODULES.map((path) => join(folder, basename(path))),
  };
}
