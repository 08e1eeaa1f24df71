import { Command } from 'commander';
import type { HidPortInfo } from '../../drivers/transport/ports.js';
import { gpioPorts, hidPorts, serialPorts } from '../../drivers/transport/ports.js';
import { describeError } from '../errors.js';
import { jsonOption } from './options.js';
import { printJson, printLine } from './output.js';

const hex = (n: number): string => `0x${n.toString(16).padStart(4, '0')}`;

/** A line for gate.yaml that fits the device, as far as its identity tells. */
function yamlFor(d: HidPortInfo): string {
  const id = `vendorId: ${hex(d.vendorId)}, productId: ${hex(d.productId)}${d.serial ? `, serial: '${d.serial}'` : ''}`;
  if (d.vendorId === 0x16c0 && d.productId === 0x05df) return 'barrier: { driver: usb-relay, outputs: { grantA: 1 } }';
  if (d.usagePage === 0x8c) return `- { driver: hid-pos, ${id} }`;
  if (d.usagePage === 1 && d.usage === 6) return `- { driver: hid-keyboard, ${id} }`;
  return '';
}

async function collect() {
  const troubles: string[] = [];
  const attempt = async <T>(what: string, list: () => Promise<T[]> | T[]): Promise<T[]> => {
    try {
      return await list();
    } catch (error) {
      troubles.push(`${what}: ${describeError(error)}`);
      return [];
    }
  };
  const serial = (await attempt('serial', serialPorts)).map((p) => ({
    ...p,
    yaml: `- { driver: serial-scanner, path: ${p.stable ?? p.device} }`,
  }));
  const hid = (await attempt('HID', hidPorts)).map((d) => ({ ...d, yaml: yamlFor(d) }));
  const gpio = await attempt('GPIO', gpioPorts);
  const { pcscReaders } = await import('../../drivers/pcsc/ports.js');
  const pcsc = await attempt('PC/SC', pcscReaders);
  return { serial, hid, gpio, pcsc, troubles };
}

export function portsCommand(): Command {
  return new Command('ports')
    .description('what is plugged in: serial, HID, GPIO, PC/SC, with stable names and a line for gate.yaml')
    .addOption(jsonOption())
    .action(async (options: { json: boolean }) => {
      const found = await collect();
      if (options.json) return printJson(found);
      printLine(`serial ports: ${found.serial.length || 'none'}`);
      for (const p of found.serial) {
        printLine(`  ${p.stable ?? p.device}${p.stable ? ` (${p.device})` : ''}  ${p.usb ?? ''}  ${p.name ?? ''}`);
        printLine(`      ${p.yaml}`);
      }
      printLine(`HID devices: ${found.hid.length || 'none'}`);
      for (const d of found.hid) {
        const usage = d.usagePage === undefined ? '' : `usage ${d.usagePage.toString(16)}/${d.usage?.toString(16)}`;
        printLine(`  ${d.path}  ${hex(d.vendorId)}:${hex(d.productId)}  ${d.name}  ${usage}`);
        if (d.yaml) printLine(`      ${d.yaml}`);
      }
      printLine(`GPIO chips: ${found.gpio.length || 'none'}`);
      for (const c of found.gpio) {
        printLine(
          `  ${c.chip}  ${c.lines.length} lines${c.device ? `  ${c.device}` : ''}${c.base === undefined ? '' : `  sysfs from ${c.base}`}`,
        );
        for (const l of c.lines.filter((line) => line.name !== '' || line.used))
          printLine(`      ${c.chip}:${l.offset}  ${l.name}${l.used ? `  used by ${l.consumer}` : ''}`);
      }
      printLine(`PC/SC readers: ${found.pcsc.length || 'none'}`);
      for (const name of found.pcsc) printLine(`  ${name}\n      - { driver: pcsc, reader: '${name}' }`);
      for (const trouble of found.troubles) printLine(`not looked at: ${trouble}`);
    });
}
