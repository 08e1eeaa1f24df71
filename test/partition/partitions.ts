import { cpSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { LocalBroker } from '../../src/cli/demo/broker.js';
import type { VenueStage } from '../../src/cli/demo/venue-stage.js';
import { HUB } from '../../src/cli/demo/venue-stage.js';
import type { Net } from './net.js';

export interface Venue {
  net: Net;
  broker: LocalBroker;
  stage: VenueStage;
  gates: readonly string[];
  /** A copy of the hub's disk from before the crowd came. */
  lastNight: string;
  pause: (ms: number) => Promise<void>;
}

interface Partition {
  /** Times a gate may come to be alone in it, at most: each time has a budget of its own. */
  islands: number;
  happen: (venue: Venue) => Promise<void>;
}

/** Milliseconds a fault lasts. */
const LASTS = 7_000;

/** Every way a venue falls apart. The wire is whole again afterwards. */
export const PARTITIONS: Readonly<Record<string, Partition>> = {
  'gate cut': {
    islands: 1,
    happen: async ({ net, gates, pause }) => {
      await net.rules(...net.cut(gates[0] as string));
      await pause(LASTS);
    },
  },
  'two gates cut': {
    islands: 1,
    happen: async ({ net, gates, pause }) => {
      await net.rules(...net.cut(gates[0] as string), ...net.cut(gates[1] as string));
      await pause(LASTS);
    },
  },
  'hub cut': {
    islands: 1,
    happen: async ({ net, pause }) => {
      await net.rules(...net.cut(HUB));
      await pause(LASTS);
    },
  },
  'broker down': {
    islands: 1,
    happen: async ({ broker, pause }) => {
      await broker.stop('SIGKILL');
      await pause(LASTS);
      await broker.start();
    },
  },
  'hub killed': {
    islands: 1,
    happen: async ({ stage, pause }) => {
      await stage.of(HUB).kill('SIGKILL');
      await pause(2_000);
      stage.start(HUB);
      await pause(LASTS / 2);
    },
  },
  'gate killed': {
    islands: 1,
    happen: async ({ stage, gates, pause }) => {
      const gate = gates[1] as string;
      await stage.of(gate).kill('SIGKILL');
      await pause(500);
      stage.start(gate);
      await pause(LASTS / 2);
    },
  },
  'one way only': {
    islands: 2,
    happen: async ({ net, gates, pause }) => {
      // The gate is heard by nobody and hears everything; another one hears nothing.
      await net.rules({ from: net.host(gates[0] as string), loss: 1 }, { to: net.host(gates[1] as string), loss: 1 });
      await pause(LASTS);
    },
  },
  'loss 30 %': {
    // The link comes and goes.
    islands: 6,
    happen: async ({ net, pause }) => {
      await net.rules({ loss: 0.3 });
      await pause(LASTS);
    },
  },
  'delay 2 s': {
    islands: 6,
    happen: async ({ net, pause }) => {
      await net.rules({ delay: 1_000 });
      await pause(LASTS * 1.5);
    },
  },
  'hub restored': {
    islands: 1,
    happen: async ({ stage, lastNight, pause }) => {
      await stage.of(HUB).kill('SIGKILL');
      const data = path.join(stage.folder(HUB), 'data');
      rmSync(data, { recursive: true, force: true });
      cpSync(lastNight, data, { recursive: true });
      stage.start(HUB);
      await pause(LASTS);
    },
  },
};
