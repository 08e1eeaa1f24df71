import { Command } from 'commander';
import type { TicketReport } from '../diagnostics/read-model.js';
import type { ControlHistory } from '../secutix/types.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';

export function ticketCommand(): Command {
  return new Command('ticket')
    .description('what the gate knows of a barcode or card, and what each lane would say; uses nothing up')
    .argument('<code>', 'barcode or card ID, as a reader delivers it')
    .addOption(configOption())
    .addOption(dataOption())
    .option(
      '--remote',
      "SecuTix's own view as well: state and history; one call of the minute's allowance for each ticket",
    )
    .addOption(jsonOption())
    .action(async (code: string, options: { config: string; data?: string; json: boolean; remote?: boolean }) => {
      const path = `/ticket/${encodeURIComponent(code)}`;
      const report = await askGate(options, async (api) => {
        const local = await api.get<TicketReport>(path);
        if (!options.remote) return local;
        // Of a card SecuTix knows the tickets on it, not the card.
        const codes = local.tickets.length > 0 ? local.tickets.map(({ ticket }) => ticket.barcode) : [code];
        const remote: Remote[] = [];
        for (const barcode of codes) {
          const asked = api.get<ControlHistory>(`/ticket/${encodeURIComponent(barcode)}/remote`);
          remote.push(
            await asked.then(
              (history) => ({ barcode, history }),
              (error: Error) => ({ barcode, error: error.message }),
            ),
          );
        }
        return { ...local, remote };
      });
      if (options.json) printJson(report);
      else printTicket(report);
      process.exitCode = report.via === 'none' ? EXIT.failed : EXIT.ok;
    });
}

const time = (ms: number | undefined): string => (ms === undefined ? 'any time' : new Date(ms).toISOString());

type Remote = { barcode: string; history: ControlHistory } | { barcode: string; error: string };

function printRemote(remote: Remote): void {
  if ('error' in remote) return printLine(`SecuTix on ${remote.barcode}: ${remote.error}`);
  const { state, container, operations } = remote.history;
  printLine(
    `SecuTix on ${remote.barcode}: ${state ?? 'no state'}${container === null ? '' : `, on container ${container}`}`,
  );
  for (const { type, at } of operations) printLine(`  ${at}  ${type}`);
  if (operations.length === 0) printLine('  no checks');
}

function printTicket(r: TicketReport & { remote?: Remote[] }): void {
  if (r.via === 'none') printLine(`${r.code}: not in the list`);
  if (r.via === 'container') printLine(`${r.code}: a container with ${r.tickets.length} ticket(s)`);
  for (const { ticket: t, usage } of r.tickets) {
    printLine(`ticket ${t.barcode}  ${t.state}${t.cancellationCause ? ` (${t.cancellationCause})` : ''}`);
    printLine(
      `  season ${t.season ?? '-'}  product ${t.product ?? '-'}  performance ${t.performance ?? '-'}  entrance ${t.entrance ?? '-'}`,
    );
    printLine(
      `  valid from ${time(t.validFrom)} to ${time(t.validTo)}${t.container ? `  on container ${t.container}` : ''}`,
    );
    if (usage.blocked) printLine(`  blocked at this gate by ${usage.blocked.who}: ${usage.blocked.why}`);
    printLine(`  ${usage.entries} entries, ${usage.exits} exits, now ${usage.inside ? 'inside' : 'outside'}`);
    for (const m of usage.movements.slice(-10)) {
      const facts = [m.slot && `for ${m.slot}`, m.sector && `sector ${m.sector}`, m.void && 'given back'];
      printLine(`  ${m.direction} ${time(m.at)} at ${[m.gate, m.lane, ...facts].filter(Boolean).join('  ')}`);
    }
  }
  for (const { lane, decision } of r.decisions)
    printLine(`${lane} would say: ${decision.admitted ? 'ADMIT' : 'refuse'} (${decision.reason})`);
  for (const remote of r.remote ?? []) printRemote(remote);
}
