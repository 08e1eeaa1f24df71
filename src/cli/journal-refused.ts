import path from 'node:path';
import { Command, Option } from 'commander';
import { mask } from '../domain/credential.js';
import type { RejectedCheck } from '../store/sync-state.js';
import { SyncState } from '../store/sync-state.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { printJson, printLine } from './output.js';
import type { StoppedOptions } from './store-files.js';
import { filesOf, whileStopped } from './store-files.js';

/** Refused checks after a sequence, at most some; empty = the end. */
export type ReadRefused = (after: number) => Promise<RejectedCheck[]>;
const PIECE = 1_000;

/** Of the files of a gate that does not run. */
export const refusedOf =
  (state: SyncState): ReadRefused =>
  (after) =>
    state.rejectedAfter(after, PIECE);

export async function* allRefused(read: ReadRefused): AsyncGenerator<RejectedCheck> {
  for (let after = 0; ;) {
    const piece = await read(after);
    const last = piece.at(-1);
    if (!last) return;
    yield* piece;
    after = last.seq;
  }
}

export function refusedCommand(): Command {
  return new Command('refused')
    .description(
      'the checks that SecuTix refused, with its words; they are kept for ever. Codes are masked, in --json they are whole',
    )
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(new Option('--stopped', 'read the files of a gate that does not run').default(false))
    .addOption(jsonOption())
    .action(async (options: StoppedOptions & { stopped: boolean; json: boolean }) => {
      const refused = options.stopped ? await ofStopped(options) : await ofRunning(options);
      if (options.json) return printJson(refused);
      if (refused.length === 0) printLine('SecuTix has refused no check');
      for (const r of refused) printLine(lineOf(r));
    });
}

const ofRunning = (options: StoppedOptions): Promise<RejectedCheck[]> =>
  askGate(options, (api) => collect((after) => api.get(`/journal/refused?after=${after}`)));

function ofStopped(options: StoppedOptions): Promise<RejectedCheck[]> {
  const { data, storeKey } = filesOf(options);
  return whileStopped(data, async () => {
    const state = await SyncState.open(path.join(data, 'sync'), storeKey);
    try {
      return await collect(refusedOf(state));
    } finally {
      await state.close();
    }
  });
}

async function collect(read: ReadRefused): Promise<RejectedCheck[]> {
  const all: RejectedCheck[] = [];
  for await (const r of allRefused(read)) all.push(r);
  return all;
}

function lineOf({ seq, checkId, at, statusCode, statusDetail, check }: RejectedCheck): string {
  const what = check
    ? `${new Date(check.at).toISOString()}  ${check.lane}  ${mask(check.barcode)}  ${check.admitted ? 'ADMITTED' : check.reason}`
    : 'refused by SecuTix before whole checks were kept: see its journal record, if it is there';
  const words = [statusCode, statusDetail].filter((w) => w !== null).join(': ');
  return `${String(seq).padStart(8)}  ${checkId}  ${what}  SecuTix, ${new Date(at).toISOString()}: ${words || 'no reason'}`;
}
