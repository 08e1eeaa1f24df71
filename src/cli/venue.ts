import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import type { ConflictReport, VenueCounts, VenueReport } from '../diagnostics/venue-model.js';
import { PortillonError } from '../errors.js';
import { linkKey } from '../venue/seal.js';
import type { GateApi } from './gate-api.js';
import { askGate } from './gate-api.js';
import { configOption, dataOption, jsonOption } from './options.js';
import { commandCommands } from './venue-command.js';
import { ago, EXIT, printJson, printLine } from './output.js';

interface Where {
  config: string;
  data?: string;
  json: boolean;
}

export function venueCommand(): Command {
  const asking = (command: Command): Command =>
    command.addOption(configOption()).addOption(dataOption()).addOption(jsonOption());
  const venue = new Command('venue').description('many gates as one: the hub, its gates, double entries, keys');
  venue.addCommand(
    asking(new Command('status').description('link, risk, gates, lists; exit code 3 when somebody is cut off')).action(
      status,
    ),
  );
  venue.addCommand(
    asking(new Command('conflicts').description('double admissions with both checks (at the hub)')).action(conflicts),
  );
  venue.addCommand(
    new Command('trust')
      .description('lets a hub that has forgotten something count again without the gates that are missing')
      .addOption(configOption())
      .addOption(dataOption())
      .option('--who <name>', 'who says so', os.userInfo().username)
      .action(async (options: { config: string; data?: string; who: string }) => {
        await askGate(options, (api: GateApi) => api.post('/venue/trust', JSON.stringify({ who: options.who })));
        printLine('the hub counts again');
      }),
  );
  const saying = (name: string, description: string): Command =>
    new Command(name)
      .description(description)
      .addOption(configOption())
      .addOption(dataOption())
      .option('--who <name>', 'who says so', os.userInfo().username);
  venue.addCommand(
    saying('takeover', 'at the standby: it becomes the hub, in order or, when the hub is silent, without it').action(
      async (options: { config: string; data?: string; who: string }) => {
        const { inOrder } = await askGate(options, (api: GateApi) =>
          api.post<{ inOrder: boolean }>('/venue/takeover', JSON.stringify({ who: options.who })),
        );
        printLine(
          inOrder
            ? 'the hub has stopped and this one starts as the hub'
            : 'this one starts as the hub and counts when all gates have spoken (`portillon venue status`)',
        );
      },
    ),
  );
  venue.addCommand(
    saying('handback', 'at a hub that had taken over: the one that stands by becomes the hub again').action(
      async (options: { config: string; data?: string; who: string }) => {
        await askGate(options, (api: GateApi) => api.post('/venue/handback', JSON.stringify({ who: options.who })));
        printLine('the standby takes over; this one stands by then');
      },
    ),
  );
  venue.addCommand(
    new Command('key')
      .description("a gate's own key, made from the venue's secret in the hub's configuration")
      .argument('<gate>', 'id of the gate')
      .addOption(configOption())
      .action((gate: string, { config: file }: { config: string }) => {
        const { venue: v } = loadConfig(file).config;
        if (v.role !== 'hub' && v.role !== 'standby')
          throw new PortillonError('VENUE_KEY', 'only the configuration of the hub has the secret', {
            hint: "make it there: `portillon venue key GATE --config` of the hub's gate.yaml",
          });
        const secret = v.secret ?? readFileSync(v.secretFile ?? '', 'utf8').trim();
        printLine(linkKey(secret, gate));
      }),
  );
  venue.addCommand(
    new Command('keygen')
      .description("a commander's key pair: the public key is for `venue.commanders`")
      .option('--out <file>', 'writes the private key into a new file that only you can read')
      .action(keygen),
  );
  for (const command of commandCommands()) venue.addCommand(command);
  return venue;
}

function keygen({ out }: { out?: string }): void {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  // Never over an old one: its owner would be locked out.
  try {
    if (out !== undefined) writeFileSync(out, pem, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    throw new PortillonError('KEYGEN', `${out} cannot be written, or is there already`, { cause });
  }
  const text = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  printLine(`public key, for venue.commanders: ${text}`);
  if (out !== undefined) return printLine(`private key: ${out}; whoever has it may give these commands`);
  printLine('private key, for a file of its own (`venue command --key FILE`); whoever has it may give these commands:');
  printLine(pem.trim());
}

async function status(options: Where): Promise<void> {
  const { report, counts } = await askGate(options, async (api) => {
    const report = await api.get<VenueReport | { role: 'standalone' }>('/venue');
    return { report, counts: report.role === 'hub' ? await api.get<VenueCounts | null>('/venue/counts') : null };
  });
  if (options.json) printJson({ ...report, ...(counts && { counts }) });
  if (report.role === 'standalone') {
    if (!options.json) printLine('this gate stands alone (venue.role: standalone)');
    return;
  }
  const { link, hub, risk, broker, policy, standby, list } = report;
  const apart = !broker.connected || link?.state === 'alone' || hub?.gates.some((g) => !g.joined) === true;
  const behind = standby !== undefined && !standby.caughtUp;
  process.exitCode = apart || behind || (hub !== undefined && hub.why !== null) ? EXIT.degraded : EXIT.ok;
  if (options.json) return;
  printLine(
    `venue    ${report.venue}, ${report.role}; broker ${broker.connected ? 'connected' : `away: ${broker.error}`}`,
  );
  printLine(
    `policy   ${policy.policy}${policy.policy === 'budget' ? ` of ${policy.budget}` : ''}, deadline ${policy.deadline} ms`,
  );
  // In touch with the hub nothing is at a risk; the moment it is not, this is the most that can come of it.
  const when = link?.state === 'joined' ? 'possible if the hub goes away' : 'possible now';
  printLine(
    `risk     ${risk.bound} double entries ${when}, at most; ${risk.made} admissions at a risk not yet in step`,
  );
  if (link)
    printLine(
      `link     ${link.state === 'joined' ? 'in touch with the hub' : 'cut off from the hub'}${link.inStep ? ', in step' : ''}`,
    );
  if (standby)
    printLine(
      `standby  ${standby.hub === null ? 'the hub is silent' : standby.caughtUp ? 'in step with the hub' : 'catching up'}; commit ${standby.commit}, list page ${list?.position ?? 0}`,
    );
  if (!hub) return;
  printLine(
    `hub      ${hub.phase}, epoch ${hub.epoch}, ${hub.conflicts} double entries${hub.why === null ? '' : `; ${hub.why}`}`,
  );
  if (hub.taken) printLine(`taken    ${takenText(hub.taken)}`);
  if (counts) printCounts(counts);
  for (const g of hub.gates) {
    const heard = g.heardAt === 0 ? 'never heard' : `heard ${ago(Date.now() - g.heardAt)} ago`;
    const list = g.list ? (g.list.same ? "has the hub's list" : `list at ${g.list.position}`) : 'no list yet';
    printLine(
      `gate     ${g.gate}  ${g.joined ? 'joined' : 'CUT OFF'}, ${heard}, ${list}, ${g.lastSeq - g.cursor} records waiting`,
    );
  }
}

function takenText({ from, who, at, inOrder }: NonNullable<NonNullable<VenueReport['hub']>['taken']>): string {
  const when = at === undefined ? '' : ` at ${new Date(at).toISOString()}`;
  return `over from ${from ?? '?'}${when}, ${inOrder ? 'in order' : 'it was silent'}, on the word of ${who ?? '?'}`;
}

function hubTimeText({ hubTime, within }: ConflictReport['first']): string {
  if (hubTime === null) return 'which nobody has compared';
  return `${new Date(hubTime).toISOString()} ±${within} ms by the hub's`;
}

function printCounts({ day, inside, entries, exits, refused, sectors, minutes, since }: VenueCounts): void {
  printLine(
    `inside   ${inside} now; ${entries} entries, ${exits} exits, ${refused} refused since ${day} (${ago(Date.now() - since)})`,
  );
  const named = sectors.filter((s) => s.sector !== '');
  if (named.length > 0) printLine(`sectors  ${named.map((s) => `${s.sector} ${s.inside}`).join(', ')}`);
  const last = minutes
    .slice(-5)
    .map((m) => `${new Date(m.at).toISOString().slice(11, 16)}Z ${m.entries} in ${m.exits} out`);
  if (last.length > 0) printLine(`minutes  ${last.join(', ')}`);
}

async function conflicts(options: Where): Promise<void> {
  const list = await askGate(options, async (api) => {
    const { role } = await api.get<{ role: string }>('/venue');
    if (role !== 'hub')
      throw new PortillonError('VENUE_LEDGER', 'double entries are found and kept at the hub', {
        hint: "ask there: `--config` of the hub's gate.yaml",
      });
    return api.get<ConflictReport[]>('/venue/conflicts');
  });
  if (options.json) return printJson(list);
  if (list.length === 0) printLine('no ticket was admitted twice');
  const side = (s: ConflictReport['first']): string =>
    `${s.checkId ?? '?'} at ${s.gate} ${s.lane}, ${new Date(s.at).toISOString()} by its clock, ${hubTimeText(s)} (${s.how})`;
  for (const c of list) printLine(`${c.n}  ${c.code}\n   ${side(c.first)}\n   ${side(c.second)}`);
}
