import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import path from 'node:path';
import type { ChipInfo, LineDescription } from './lines-chardev.js';
import { describeLines, listChips } from './lines-chardev.js';
import { sysfsChips } from './lines-sysfs.js';

export interface SerialPortInfo {
  device: string;
  /** The name that survives a replug: by-id, else by-path. */
  stable: string | undefined;
  /** `vendor:product` of the USB device behind it. */
  usb: string | undefined;
  name: string | undefined;
}

const links = (folder: string): Map<string, string> => {
  const found = new Map<string, string>();
  if (!existsSync(folder)) return found;
  for (const name of readdirSync(folder)) {
    const link = path.join(folder, name);
    try {
      found.set(realpathSync(link), link);
    } catch {
      // The device went away between the two looks.
    }
  }
  return found;
};

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
};

/**
 * Serial ports that a device hangs on, from sysfs. (serialport's own listing runs `udevadm`, which slim images have not.)
 */
export function serialPorts(): SerialPortInfo[] {
  const byId = links('/dev/serial/by-id');
  const byPath = links('/dev/serial/by-path');
  if (!existsSync('/sys/class/tty')) return [];
  return readdirSync('/sys/class/tty')
    .filter((name) => existsSync(`/sys/class/tty/${name}/device`))
    .filter((name) => !name.startsWith('ttyS') || usedUart(name))
    .map((name) => {
      const device = `/dev/${name}`;
      const usb = usbOf(`/sys/class/tty/${name}/device`);
      return {
        device,
        stable: byId.get(device) ?? byPath.get(device),
        usb: usb && `${usb.vendor}:${usb.product}`,
        name: usb?.name,
      };
    })
    .sort((a, b) => a.device.localeCompare(b.device, 'en', { numeric: true }));
}

/** The kernel makes ttyS nodes for UARTs that are not there; type 0 is "none". */
function usedUart(name: string): boolean {
  return (read(`/sys/class/tty/${name}/type`) ?? '0') !== '0';
}

function usbOf(start: string): { vendor: string; product: string; name: string } | undefined {
  let folder: string;
  try {
    folder = realpathSync(start);
  } catch {
    return undefined;
  }
  for (; folder !== '/' && folder !== '/sys'; folder = path.dirname(folder)) {
    const vendor = read(`${folder}/idVendor`);
    if (vendor === undefined) continue;
    const name = [read(`${folder}/manufacturer`), read(`${folder}/product`)].filter(Boolean).join(' ');
    return { vendor, product: read(`${folder}/idProduct`) ?? '', name };
  }
  return undefined;
}

export interface HidPortInfo {
  path: string;
  vendorId: number;
  productId: number;
  name: string;
  serial: string | undefined;
  usagePage: number | undefined;
  usage: number | undefined;
}

export async function hidPorts(): Promise<HidPortInfo[]> {
  const { default: HID } = await import('node-hid');
  return (await HID.devicesAsync()).map((d) => ({
    path: d.path ?? '',
    vendorId: d.vendorId,
    productId: d.productId,
    name: [d.manufacturer, d.product].filter(Boolean).join(' '),
    serial: d.serialNumber === '' ? undefined : d.serialNumber,
    usagePage: d.usagePage,
    usage: d.usage,
  }));
}

export interface GpioPortInfo {
  chip: string;
  device: string | undefined;
  /** First global number in sysfs, where it is there. */
  base: number | undefined;
  lines: LineDescription[];
}

/** GPIO chips by either interface. */
export function gpioPorts(): GpioPortInfo[] {
  const sysfs = sysfsChips();
  const baseOf = (label: string): number | undefined => sysfs.find((c) => c.label === label)?.base;
  let chips: ChipInfo[] = [];
  try {
    chips = listChips();
  } catch {
    // No ioctl here: sysfs is what remains.
  }
  if (chips.length > 0)
    return chips.map((c) => ({ chip: c.label, device: c.device, base: baseOf(c.label), lines: describeLines(c) }));
  return sysfs.map((c) => ({
    chip: c.label,
    device: undefined,
    base: c.base,
    lines: Array.from({ length: c.lines }, (_, offset) => ({
      offset,
      name: '',
      consumer: '',
      used: false,
      output: false,
    })),
  }));
}

/** The kernel driver that holds a hidraw node's device; tells keyboards from the rest where the report descriptor does not. */
export function hidDriver(node: string): string | undefined {
  try {
    return path.basename(readlinkSync(`/sys/class/hidraw/${path.basename(node)}/device/driver`));
  } catch {
    return undefined;
  }
}
