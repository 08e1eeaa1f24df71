import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { loadConfig } from '../config/load.js';
import { PortillonError } from '../errors.js';
import { silentLog } from '../log.js';
import { signCommand } from '../venue/commands.js';
import * as t from '../venue/topics.js';
import { Wire } from '../venue/wire.js';
import { jsonOption } from './options.js';
import { EXIT, printJson, printLine } from './output.js';

const DO = ['mode', 'pulse', 'sync', 'selftest', 'log-level', 'give-back', 'force'] as const;

interface Words {
  lane?: string;
  mode?: string;
  level?: string;
  code?: string;
  check?: string;
  medium?: string;
  what?: string;
  why?: string;
}
interface Signing extends Words {
  by: string;
  key: string;
  seconds: string;
}
interface Sending extends Signing {
  broker?: string;
  user: string;
  passwordFile?: string;
  ca?: string;
  venue?: string;
  config?: string;
  json: boolean;
}

/** Milliseconds. */
const CONNECT_WITHIN = 10_000;
const ANSWER_WITHIN = 15_000;

function words(command: Command): Command {
  return command
    .argument('<gate>', 'id of the gate (or of the hub)')
    .argument('<do>', DO.join(', '))
    .option('--lane <id>', 'mode, pulse, force: which lane')
    .option('--mode <mode>', 'mode: controlled, free or closed')
    .option('--level <level>', 'log-level: debug, info, warn or error')
    .option('--code <code>', 'give-back, force: barcode or card ID')
    .option('--check <id>', 'give-back: that check; left out: the newest entry')
    .option('--medium <medium>', 'force: barcode or rfid')
    .option('--what <what>', 'sync: all, pull or push')
    .option('--why <text>', 'for the journal; give-back and force need it')
    .requiredOption('--by <name>', 'name in venue.commanders')
    .requiredOption('--key <file>', 'private key, as `portillon venue keygen` makes it')
    .option('--seconds <n>', 'the command lives this long, 60 at most', '30');
}

/** `venue sign` for those who send it themselves, `venue command` for those who want to know what became of it. */
export function commandCommands(): Command[] {
  return [
    words(
      new Command('sign').description('a signed command as text, for the topic portillon/1/VENUE/gate/GATE/cmd'),
    ).action((gate: string, what: string, options: Signing) => {
      process.stdout.write(signed(gate, what, options).text);
    }),
    words(
      new Command('command').description(
        'signs a command, sends it and waits for what became of it; exit code 1 when it was not obeyed',
      ),
    )
      .option('--broker <url>', 'mqtt://host:port or mqtts://host:port; left out: from --config')
      .option('--user <name>', 'login at the broker', 'operator')
      .option('--password-file <file>', 'password of the login; left out: the variable PORTILLON_BROKER_PASSWORD')
      .option('--ca <file>', "certificate authority of the broker's certificate (PEM)")
      .option('--venue <name>', 'name of the venue; left out: from --config, or `venue`')
      .addOption(new Option('--config <file>', 'a gate.yaml of the venue, for broker, ca and venue'))
      .addOption(jsonOption())
      .action(send),
  ];
}

function signed(gate: string, what: string, o: Signing): { id: string; text: string } {
  const wrong = (text: string): never => {
    throw new PortillonError('COMMAND', text, { hint: '`portillon venue command --help`' });
  };
  const seconds = Number(o.seconds);
  if (!(seconds >= 1 && seconds <= 60)) wrong('--seconds must be 1 to 60');
  const { lane, mode, level, code, check, medium, what: sync, why } = o;
  const command = {
    do: what,
    ...Object.fromEntries(
      Object.entries({ lane, mode, level, code, check, medium, what: sync, why }).filter(([, v]) => v !== undefined),
    ),
    ...(what === 'mode' && why === undefined && { why: '' }),
  };
  const parsed = t.command.shape.command.safeParse(command);
  if (!parsed.success) {
    if (!(DO as readonly string[]).includes(what)) wrong(`no command ${what}; there are: ${DO.join(', ')}`);
    const missing = [...new Set(parsed.error.issues.map((i) => `--${i.path.join('.')}`))];
    wrong(`${what} needs ${missing.join(', ')}`);
  }
  let key = '';
  try {
    key = readFileSync(o.key, 'utf8');
    return signCommand(key, {
      by: o.by,
      gate,
      command: parsed.data as t.Command['command'],
      expires: Date.now() + seconds * 1000,
    });
  } catch (cause) {
    throw new PortillonError('COMMAND_KEY', `${o.key} ${key === '' ? 'cannot be read' : 'is no private key'}`, {
      cause,
      hint: '`portillon venue keygen` makes one: the lines from BEGIN to END go into that file',
    });
  }
}

async function send(gate: string, what: string, options: Sending): Promise<void> {
  const { id, text } = signed(gate, what, options);
  const config = options.config === undefined ? undefined : loadConfig(options.config).config.venue;
  const url = options.broker ?? config?.broker?.url;
  if (url === undefined) throw new PortillonError('COMMAND', 'which broker? --broker or --config says it');
  const venue = options.venue ?? config?.id ?? 'venue';
  const ca = options.ca ?? config?.broker?.ca;
  const password =
    options.passwordFile === undefined
      ? process.env.PORTILLON_BROKER_PASSWORD
      : readFileSync(options.passwordFile, 'utf8').trim();
  const answers = t.topics.commanded(venue, gate);
  let take: (answer: t.Commanded) => void = () => {};
  const answered = new Promise<t.Commanded>((resolve) => (take = resolve));
  let up: () => void = () => {};
  const connected = new Promise<true>((resolve) => (up = () => resolve(true)));
  const wire = new Wire(
    {
      broker: {
        url,
        username: options.user,
        ...(password !== undefined && { password }),
        ...(ca !== undefined && { ca: readFileSync(ca, 'utf8') }),
      },
      clientId: `${venue}-command-${id}`,
      subscriptions: [answers],
    },
    {
      log: silentLog,
      random: Math.random,
      onMessage: (_topic, payload) => {
        try {
          const answer = t.commanded.safeParse(JSON.parse(payload.toString('utf8')));
          if (answer.success && answer.data.id === id) take(answer.data);
        } catch {
          // Somebody else's.
        }
      },
      onUp: () => up(),
      onDown: () => {},
    },
  );
  try {
    if (!(await Promise.race([connected, after(CONNECT_WITHIN)])))
      throw new PortillonError('COMMAND_BROKER', `the broker cannot be reached: ${wire.lastError || url}`, {
        hint: 'login and password of --user, --ca for a broker with its own authority',
      });
    wire.send(t.topics.command(venue, gate), text);
    const answer = await Promise.race([answered, after(ANSWER_WITHIN)]);
    if (!answer)
      throw new PortillonError('COMMAND_SILENT', `${gate} did not answer: nothing is known of the command`, {
        hint: `is ${gate} connected? may ${options.user} write to its topic? \`portillon venue status\` at the hub`,
      });
    if (options.json) printJson(answer);
    else if (answer.done) printLine(answer.result ?? 'done');
    else printLine(`not obeyed: ${answer.why ?? '?'}`);
    process.exitCode = answer.done ? EXIT.ok : EXIT.failed;
  } finally {
    await wire.close();
  }
}

const after = (ms: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
