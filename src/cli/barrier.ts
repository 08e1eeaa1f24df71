import { Command } from 'commander';
import type { DriverContext } from '../../drivers/contract.js';
import { createBarrier } from '../../drivers/registry.js';
import { systemClock } from '../clock.js';
import { loadConfig } from '../config/load.js';
import { PortillonError } from '../errors.js';
import { silentLog } from '../log.js';
import { askGate, GateApi } from './gate-api.js';
import { whoOption } from './lane.js';
import { configOption, dataOption } from './options.js';
import { EXIT, printLine } from './output.js';

export function barrierCommand(): Command {
  return new Command('barrier')
    .description("a lane's barrier")
    .addCommand(
      new Command('pulse')
        .description('lets one person through without a ticket: no check, but a record in the journal')
        .argument('<lane>', 'id of the lane')
        .addOption(whoOption())
        .addOption(configOption())
        .addOption(dataOption())
        .action(async (lane: string, options: { who: string; config: string; data?: string }) => {
          const body = JSON.stringify({ who: options.who });
          await askGate(options, (api) => api.post(`/lanes/${encodeURIComponent(lane)}/pulse`, body));
          printLine(`${lane}: the barrier was told`);
        }),
    )
    .addCommand(
      new Command('safe')
        .description('switches every output of a gate that does not run off: what a supervisor calls after a crash')
        .addOption(configOption())
        .action((options: { config: string }) => switchOff(options.config)),
    );
}

/** A line held through sysfs keeps its level when the process is killed. Opening a barrier says "off" first thing. */
async function switchOff(file: string): Promise<void> {
  const { config } = loadConfig(file);
  const api = new GateApi(config.data);
  const runs = await api.get('/status').then(
    () => true,
    () => false,
  );
  await api.close();
  if (runs) throw new PortillonError('RUNNING', 'the gate runs: its outputs are its own', { hint: 'stop it first' });
  const shared = new Map<string, unknown>();
  for (const lane of config.lanes) {
    const context: DriverContext = {
      name: `${lane.id}/barrier`,
      clock: systemClock,
      random: Math.random,
      log: silentLog,
      share: <T>(key: string, make: () => T): T => {
        if (!shared.has(key)) shared.set(key, make());
        return shared.get(key) as T;
      },
    };
    const barrier = await createBarrier(lane.barrier, context);
    await barrier.open();
    const { state, reason } = barrier.status();
    // "Degraded" is about the turnstile behind it; the outputs were told.
    const told = state === 'ready' || state === 'degraded';
    printLine(`${lane.id}: ${told ? 'off' : `NOT REACHED, ${reason}`}`);
    if (!told) process.exitCode = EXIT.failed;
    await barrier.close();
  }
}
