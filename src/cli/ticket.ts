import { Command } from 'commander';
import type { TicketReport } from '../diagnostics/read-model.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';

export function ticketCommand(): Command {
  return new Command('ticket')
    .description('what the gate knows of a barcode or card, and what each lane would say; uses nothing up')
    .argument('<code>', 'barcode or card ID, as a reader delivers it')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (code: string, options: { config: string; data?: string; json: boolean }) => {
      const report = await askGate(options, (api) => api.get<TicketReport>(`/ticket/${encodeURIComponent(code)}`));
      if (options.json) printJson(report);
      else printTicket(report);
      process.exitCode = report.via === 'none' ? EXIT.failed : EXIT.ok;
    });
}

const time = (ms: number | undefined): string => (ms === undefined ? 'any time' : new Date(ms).toISOString());

function printTicket(r: TicketReport): void {
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
}
