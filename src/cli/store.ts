import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Command, Option } from 'commander';
import { systemClock } from '../clock.js';
import { PortillonError } from '../errors.js';
import { createLog } from '../log.js';
import { listAsides } from '../store/aside.js';
import { checkFiles } from '../store/check-files.js';
import { Journal } from '../store/journal.js';
import { rebuildUsage } from '../store/rebuild.js';
import type { Kind, StoreKey } from '../store/open.js';
import { rekeyDatabase } from '../store/rekey.js';
import { Seal, storeKeyOf } from '../store/seal.js';
import { openStores } from '../store/start.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';
import type { StoppedOptions } from './store-files.js';
import { filesOf, mustExist, whileStopped } from './store-files.js';

const KINDS: readonly Kind[] = ['journal', 'list', 'sync'];

export function storeCommand(): Command {
  const store = new Command('store').description('the files of a gate that does not run: check, repair, key');
  store
    .command('check')
    .description('looks at every file, changes nothing; exit code 1: something is damaged')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(check);
  store
    .command('repair')
    .description(
      'what the gate does by itself when it starts: sets a damaged database aside, carries over what can be read',
    )
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(repair);
  store
    .command('rebuild')
    .description('throws the usage of all tickets away and folds it again from the journal')
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(rebuild);
  store
    .command('new-key')
    .description('a new key for `store.secret`, on standard output')
    .action(() => printLine(randomBytes(32).toString('base64url')));
  store
    .command('rekey')
    .description(
      'writes the journal under the key of the configuration; the ticket list is fetched anew at the next start',
    )
    .addOption(configOption())
    .addOption(dataOption())
    .addOption(new Option('--old-key-file <file>', 'the key it was written with; left out: none'))
    .action(rekey);
  store
    .command('open')
    .description('prints the readable records that a repair exported, one JSON a line; codes are whole')
    .argument('<file>', 'journal-readable-....jsonl')
    .addOption(configOption())
    .addOption(dataOption())
    .action(open);
  return store;
}

async function check(options: StoppedOptions & { json: boolean }): Promise<void> {
  const { data } = filesOf(options);
  const found = await whileStopped(data, async () =>
    KINDS.map((kind) => ({ kind, ...checkFiles(path.join(data, kind), { tables: true }) })),
  );
  const asides = listAsides(data);
  if (options.json) printJson({ found, asides });
  else {
    for (const f of found)
      printLine(`${f.kind}: ${f.state}${f.state === 'damaged' ? `: ${f.problems.join('; ')}` : ''}`);
    for (const a of asides) printLine(`set aside: ${a.folder}: ${a.why}`);
  }
  process.exitCode = found.some((f) => f.state === 'damaged') ? EXIT.failed : EXIT.ok;
}

async function repair(options: StoppedOptions & { json: boolean }): Promise<void> {
  const { data, storeKey, gate } = filesOf(options);
  mustExist(data);
  const before = new Set(listAsides(data).map((a) => a.folder));
  const stores = await openStores({ data, gate, storeKey, now: () => systemClock.now(), log: createLog('warn') });
  const { head } = stores.journal;
  await stores.close();
  const repaired = listAsides(data).filter((a) => !before.has(a.folder));
  if (options.json) return printJson({ repaired, head });
  if (repaired.length === 0) printLine('nothing is damaged');
  for (const a of repaired) printLine(`${a.kind}: set aside in ${a.folder}: ${a.why}`);
  printLine(`the journal is at record ${head.seq}`);
}

async function rebuild(options: StoppedOptions & { json: boolean }): Promise<void> {
  const { data, storeKey, gate } = filesOf(options);
  await whileStopped(data, async () => {
    const journal = await Journal.open(path.join(data, 'journal'), gate, storeKey);
    try {
      const rebuilt = await rebuildUsage(journal.database);
      if (options.json) return printJson(rebuilt);
      printLine(
        `${rebuilt.tickets} tickets from ${rebuilt.records} records; ${rebuilt.changed} were not as the journal says`,
      );
    } finally {
      await journal.close();
    }
  });
}

async function rekey(options: StoppedOptions & { oldKeyFile?: string }): Promise<void> {
  const { data, storeKey } = filesOf(options);
  const old: StoreKey =
    options.oldKeyFile === undefined ? undefined : storeKeyOf(readFileSync(options.oldKeyFile, 'utf8').trim());
  await whileStopped(data, async () => {
    for (const kind of ['journal', 'sync'] as const) {
      const location = path.join(data, kind);
      if (!existsSync(location)) continue;
      const entries = await rekeyDatabase(location, kind, old, storeKey);
      printLine(`${kind}: ${entries} entries written ${storeKey ? 'under the key in force' : 'without a key'}`);
    }
  });
}

function open(file: string, options: StoppedOptions): void {
  const { storeKey } = filesOf(options);
  const seal = storeKey && new Seal(storeKey, 'export');
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line === '') continue;
    if (line.startsWith('{')) printLine(line);
    else if (seal)
      printLine(JSON.stringify(JSON.parse(seal.open(Buffer.from(line, 'base64'), 'line').toString('utf8'))));
    else throw new PortillonError('STORE_KEY', `${file} is sealed, and no key is configured`);
  }
}
