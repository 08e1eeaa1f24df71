import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { hashPin } from '../diagnostics/web/access.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { printJson, printLine } from './output.js';

interface Access {
  addresses: string[];
  troubles: string[];
  fingerprint: string | null;
  roles: Record<string, string | null>;
  open: { name: string; role: string }[];
}
interface Options {
  config: string;
  data?: string;
  json: boolean;
}

export function accessCommand(): Command {
  return new Command('access')
    .description('the door of the page: where it is, who has a PIN, a one-time PIN')
    .addCommand(
      withOptions(new Command('show').description('addresses, fingerprint, roles, who is logged in')).action(show),
    )
    .addCommand(
      withOptions(
        new Command('pin').description('a new one-time PIN for a technician; ends the waiting after wrong PINs'),
      ).action(onePin),
    )
    .addCommand(
      new Command('hash')
        .description('reads a PIN from the keyboard or a pipe and prints what may stand in `diagnostics.pins`')
        .action(hash),
    );
}

const withOptions = (command: Command): Command =>
  command.addOption(configOption()).addOption(dataOption()).addOption(jsonOption());

async function show(options: Options): Promise<void> {
  const access = await askGate(options, (api) => api.get<Access>('/access'));
  if (options.json) return printJson(access);
  for (const address of access.addresses) printLine(`page         ${address}`);
  for (const trouble of access.troubles) printLine(`not served   ${trouble}`);
  if (access.fingerprint !== null) printLine(`certificate  SHA-256 ${access.fingerprint}`);
  for (const [role, from] of Object.entries(access.roles)) printLine(`${role.padEnd(12)} ${from ?? 'no PIN'}`);
  for (const { name, role } of access.open) printLine(`logged in    ${name} (${role})`);
}

async function onePin(options: Options): Promise<void> {
  const answer = await askGate(options, (api) =>
    api.post<{ pin: string; addresses: string[] }>('/access/one-time-pin', '{}'),
  );
  if (options.json) return printJson(answer);
  printLine(`one-time PIN  ${answer.pin.slice(0, 4)} ${answer.pin.slice(4)}`);
  for (const address of answer.addresses) printLine(`page          ${address}`);
}

async function hash(): Promise<void> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  if (process.stdin.isTTY) process.stderr.write('PIN (it is shown as you type): ');
  const { value } = (await lines[Symbol.asyncIterator]().next()) as { value?: string };
  lines.close();
  printLine(await hashPin(value ?? ''));
}
