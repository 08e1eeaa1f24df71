import { Command, InvalidArgumentError, Option } from 'commander';
import type { Head } from '../store/head.js';
import type { Verification } from '../store/verify.js';
import { verifyJournal } from '../store/verify.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';
import { withJournal } from './store-files.js';

interface Options {
  config: string;
  data?: string;
  json: boolean;
  stopped: boolean;
  head?: Head;
}

const headOf = (text: string): Head => {
  const [, seq, hash] = /^(\d{1,15}):([\w-]{22})$/.exec(text) ?? [];
  if (seq === undefined || hash === undefined)
    throw new InvalidArgumentError('Allowed: SEQUENCE:HASH as it was printed.');
  return { seq: Number(seq), hash };
};

export function verifyCommand(): Command {
  return new Command('verify')
    .description(
      'proves that no record was removed, changed or put in; exit code 3: something is missing, and it is said why',
    )
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(new Option('--stopped', 'read the files of a gate that does not run').default(false))
    .addOption(
      new Option('--head <seq:hash>', 'a head that was noted down: proves that the end is there').argParser(headOf),
    )
    .addOption(jsonOption())
    .action(async (options: Options) => {
      const { head } = options;
      const query = head ? `?seq=${head.seq}&hash=${head.hash}` : '';
      const proof = options.stopped
        ? await withJournal(options, (db) => verifyJournal(db, head))
        : await askGate(options, (api) => api.get<Verification>(`/journal/verify${query}`));
      if (options.json) printJson(proof);
      else print(proof);
      process.exitCode = !proof.ok
        ? EXIT.failed
        : proof.remarks.some((r) => r.includes(' lost: '))
          ? EXIT.degraded
          : EXIT.ok;
    });
}

function print(proof: Verification): void {
  const { records, first, head, tickets, unchained, problems, remarks } = proof;
  if (records === 0) printLine('the journal is empty');
  else printLine(`${records} records, ${first} to ${head.seq}; usage of ${tickets} tickets`);
  if (unchained > 0) printLine(`${unchained} of them are of before the chain: they are bound by the first one of it`);
  for (const remark of remarks) printLine(`note: ${remark}`);
  for (const problem of problems) printLine(`WRONG: ${problem}`);
  if (proof.ok && records > 0) printLine('nothing was removed, changed or put in');
  if (records > 0) printLine(`head ${head.seq}:${head.hash}`);
}
