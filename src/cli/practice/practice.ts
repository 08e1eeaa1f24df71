import { Command, Option } from 'commander';
import { temporaryStage } from '../demo/stage.js';
import { integer } from '../options.js';
import { printLine } from '../output.js';
import type { Fault, LaneId } from './stage.js';
import { FAULTS, LANES, PracticeStage } from './stage.js';

/** Milliseconds between two visitors. */
const NEXT_VISITOR = 2_500;
const PIN = 'practice';

export function practiceCommand(): Command {
  return new Command('practice')
    .description('a gate with two lanes, visitors and, if wanted, a fault to find with the page; Ctrl-C ends')
    .addOption(new Option('--fault <name>', 'what is wrong; surprise: one of them').choices([...FAULTS, 'surprise']))
    .addOption(
      new Option('--port <n>', 'where the page is, on this machine').argParser(integer(1, 65_535)).default(8088),
    )
    .action(practise);
}

async function practise(options: { fault?: Fault | 'surprise'; port: number }): Promise<void> {
  const fault = options.fault === 'surprise' ? FAULTS[Math.floor(Math.random() * FAULTS.length)] : options.fault;
  const place = temporaryStage();
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  try {
    process.stderr.write('two lanes, a relay board, turnstiles, a simulated SecuTix ...\n');
    const stage = await PracticeStage.open({
      folder: place.folder,
      fault,
      port: options.port,
      pin: PIN,
      passageTimeout: 5_500,
    });
    try {
      printLine(`the page: ${stage.origin}/   PIN: ${PIN}`);
      printLine(
        `people come; ${options.fault === undefined ? 'nothing is wrong' : 'something is wrong: find it'}. Ctrl-C ends.`,
      );
      await visitors(stage, stop.signal);
      if (options.fault === 'surprise') printLine(`it was: ${fault ?? ''}`);
    } finally {
      await stage.close();
    }
  } finally {
    place.remove();
  }
}

async function visitors(stage: PracticeStage, stop: AbortSignal): Promise<void> {
  const codes = stage.codes();
  for (let i = 0; !stop.aborted; i++) {
    const lane = LANES[i % LANES.length] as LaneId;
    // Every fifth tries a ticket a second time.
    stage.present(lane, codes[(i % 5 === 4 ? i - 4 : i) % codes.length] as string);
    await stage.walk(lane);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, NEXT_VISITOR);
      stop.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}
