import { VERSION } from '../../version.js';
import type { Certificate } from './run.js';

const MARK = { pass: 'ok', warn: 'ATTENTION', fail: 'FAILED', skipped: 'skipped' } as const;

/** The report an integrator sends to SecuTix. No secret is in it, and no barcode. */
export function markdown({ at, account, steps, unknownFields, refusals, calls, ok }: Certificate): string {
  const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
  const lines = [
    '# Access control against SecuTix: certificate',
    '',
    `Portillon ${VERSION}, ${new Date(at).toISOString()}: ${ok ? 'passed' : '**failed**'}, ${calls} answers.`,
    '',
    `- address: ${account.url}, version ${account.version}`,
    `- institution ${account.institution}, operator ${account.operator}, partner ${account.partner}`,
    '',
    '| step | result | what |',
    '| --- | --- | --- |',
    ...steps.map(({ name, result, details }) => `| ${name} | ${MARK[result]} | ${details.map(cell).join('<br>')} |`),
    '',
    '## What was refused, and how',
    '',
    '| what was sent | answer |',
    '| --- | --- |',
    ...refusals.map(({ what, answer }) => `| ${cell(what)} | ${cell(answer)} |`),
    '',
    '## Members of the list without a place',
    '',
  ];
  const names = Object.entries(unknownFields).sort(([, a], [, b]) => b - a);
  if (names.length === 0) lines.push('None.');
  else {
    lines.push('| member | lines |', '| --- | --- |');
    for (const [name, count] of names) lines.push(`| ${cell(name)} | ${count} |`);
    lines.push('', '`secutix.aliases` gives a member its place.');
  }
  lines.push(
    '',
    'The raw answers are beside this file, in `raw/`. They hold barcodes, which are admission rights: keep them safe.',
  );
  return `${lines.join('\n')}\n`;
}
