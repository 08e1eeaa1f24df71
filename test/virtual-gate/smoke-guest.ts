/** Runs inside the virtual machine, in /app: looks whether everything is there that the hardware test will need. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Gpio } from 'onoff';
import type { SerialPort } from 'serialport';

const require = createRequire('/app/package.json');
let failures = 0;

async function see(what: string, look: () => unknown): Promise<void> {
  const start = performance.now();
  try {
    const seen = await look();
    if (seen === false) throw new Error('not there');
    console.log(
      `SEEN ${what}${typeof seen === 'string' ? `: ${seen}` : ''} (${Math.round(performance.now() - start)} ms)`,
    );
  } catch (error) {
    failures += 1;
    console.log(`MISSING ${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const bank = '/sys/kernel/config/gpio-sim/gate/bank0';
await see('gpio-sim', () => {
  mkdirSync(bank, { recursive: true });
  writeFileSync(`${bank}/num_lines`, '4');
  writeFileSync(`${bank}/label`, 'gate');
  writeFileSync('/sys/kernel/config/gpio-sim/gate/live', '1');
  return readFileSync(`${bank}/chip_name`, 'utf8').trim();
});
await see(
  '/dev/gpiochip*',
  () =>
    readdirSync('/dev')
      .filter((name) => name.startsWith('gpiochip'))
      .join(' ') || false,
);
await see('/sys/class/gpio', () =>
  readdirSync('/sys/class/gpio')
    .filter((name) => name.startsWith('gpiochip'))
    .map((name) => `${name} base ${readFileSync(`/sys/class/gpio/${name}/base`, 'utf8').trim()}`)
    .join(', '),
);
for (const device of ['/dev/uhid', '/dev/ttyS1', '/dev/ttyS2']) await see(device, () => existsSync(device));
for (const name of ['node-hid', 'serialport', 'epoll', 'koffi', 'classic-level'])
  await see(name, () => require(`/app/node_modules/${name}`) !== undefined);

await see('an interrupt of a simulated line', async () => {
  const onoff = require('onoff') as { Gpio: typeof Gpio };
  const chip = readdirSync('/sys/class/gpio').find((name) => name.startsWith('gpiochip')) ?? '';
  const line = new onoff.Gpio(Number(chip.slice('gpiochip'.length)), 'in', 'both');
  const device = readFileSync('/sys/kernel/config/gpio-sim/gate/dev_name', 'utf8').trim();
  try {
    return await new Promise<string>((resolve, reject) => {
      setTimeout(() => reject(new Error('no edge within two seconds')), 2_000).unref();
      line.watch((error, value) => {
        if (error) reject(error);
        else if (value === 1) resolve('rising edge');
      });
      writeFileSync(`/sys/devices/platform/${device}/gpiochip0/sim_gpio0/pull`, 'pull-up');
    });
  } finally {
    line.unexport();
  }
});

await see('both serial lines reach the host', async () => {
  const serial = require('serialport') as { SerialPort: typeof SerialPort };
  for (const path of ['/dev/ttyS1', '/dev/ttyS2']) {
    const port = new serial.SerialPort({ path, baudRate: 9600 });
    await new Promise<void>((resolve, reject) => {
      port.once('error', reject);
      port.write(`hello from ${path}\n`);
      port.drain((error) => (error ? reject(error) : resolve()));
    });
    await new Promise((resolve) => port.close(resolve));
  }
});
process.exitCode = failures === 0 ? 0 : 1;
