import { Command } from 'commander';
import type { ExplanationReport } from '../diagnostics/desk-model.js';
import { mask } from '../domain/credential.js';
import type { CandidateReport, RuleReport } from '../domain/explain.js';
import type { Phrase } from '../domain/phrases.js';
import { say } from '../domain/phrases.js';
import { serviceDays, zoneOf } from '../domain/zone.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { colours, printJson, printLine } from './output.js';

export function decideCommand(): Command {
  return new Command('decide')
    .description('what a lane would say to a code, with every rule and what would let the person in; uses nothing up')
    .argument('<code>', 'barcode or card ID, as a reader delivers it')
    .option('--lane <id>', 'the lane; left out: the only one')
    .option('--at <time>', 'another moment, such as 2026-07-01T18:30:00+02:00')
    .option('--language <code>', 'en, fr, de, it or es; left out: the language of the gate')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(async (code: string, options: DecideOptions) => {
      const query = new URLSearchParams({ code });
      for (const name of ['lane', 'at', 'language'] as const) if (options[name]) query.set(name, options[name]);
      const report = await askGate(options, (api) => api.get<ExplanationReport>(`/decide?${query.toString()}`));
      if (options.json) printJson(report);
      else printExplanation(report);
    });
}

interface DecideOptions {
  config: string;
  data?: string;
  json: boolean;
  lane?: string;
  at?: string;
  language?: string;
}

/** The verdict in words first; the rules below it for whoever wants to know. */
export function printExplanation(r: ExplanationReport): void {
  const paint = colours(process.stdout);
  const [verdict = '', ...rest] = r.words;
  const mark = r.decision.admitted ? paint(32, 'ADMIT ') : paint(31, 'REFUSE');
  printLine(`${mark}  ${verdict}  (${r.decision.reason})   lane ${r.lane}, ${r.localTime} ${r.timeZone}`);
  for (const line of rest) printLine(`        ${line}`);
  for (const rule of r.before) if (rule.verdict === 'refused') printLine(ruleLine(rule, r));
  for (const candidate of r.candidates) printCandidate(candidate, r);
}

function printCandidate(c: CandidateReport, r: ExplanationReport): void {
  const t = c.ticket;
  const facts = [t.product, t.performance, t.entrance && `entrance ${t.entrance}`, t.tariff && `tariff ${t.tariff}`];
  printLine();
  printLine(`${c.chosen ? '>' : ' '} ticket ${mask(t.barcode)}  ${facts.filter(Boolean).join('  ')}`);
  printLine(`    ${english(c.why, r)}`);
  printLine(`    ${c.usage.entries} entries, ${c.usage.exits} exits, now ${c.usage.inside ? 'inside' : 'outside'}`);
  for (const rule of c.rules) if (rule.verdict !== 'off') printLine(ruleLine(rule, r));
  const off = c.rules.filter((rule) => rule.verdict === 'off').map((rule) => rule.rule);
  if (off.length > 0) printLine(`    not in play: ${off.join(', ')}`);
}

function ruleLine(rule: RuleReport, r: ExplanationReport): string {
  const mark = rule.verdict === 'refused' ? 'NO' : 'ok';
  const inputs = Object.entries(rule.inputs).map(([name, value]) => `${name} ${shown(name, value, r)}`);
  const why = rule.finding ? english(rule.finding, r) : inputs.join(', ');
  return `    ${mark}  ${rule.rule.padEnd(16)} ${why}`;
}

const placeOf = (r: ExplanationReport) => ({ days: serviceDays(zoneOf(r.timeZone), 0), now: r.at });
const english = (phrase: Phrase, r: ExplanationReport): string => say(phrase, 'en', placeOf(r));

/** Moments and days as a person reads them. */
function shown(name: string, value: unknown, r: ExplanationReport): string {
  if (value === null) return '-';
  if (Array.isArray(value)) return value.join('|');
  if (typeof value !== 'number') return typeof value === 'string' ? value : JSON.stringify(value);
  if (['now', 'opens', 'closes', 'nextAt', 'forgivenAt'].includes(name)) {
    const local = placeOf(r).days.zone.local(value);
    return `${local.date} ${local.time}`;
  }
  if (['today', 'from', 'to', 'lastDay', 'lastUsed'].includes(name))
    return new Date(value * 86_400_000).toISOString().slice(0, 10);
  return String(value);
}
