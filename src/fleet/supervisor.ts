import type { Clock } from '../clock.js';
import { within } from '../clock.js';
import type { Log } from '../log.js';

/** balena: asking more often than every half minute is listed among the ways to break a device. */
const EVERY = 60_000;
const TIMEOUT = 10_000;

export interface DeviceState {
  /** As the dashboard has it; null = not known. */
  name: string | null;
  /** An update is there and waits for the lock. */
  updateWaiting: boolean;
}

export interface SupervisorParts {
  clock: Clock;
  log: Log;
  env: NodeJS.ProcessEnv;
  /** Tags to set; undefined = none. */
  tags: () => Record<string, string> | undefined;
  signal: AbortSignal;
}

/**
 * Talks to balena's supervisor on the device (label `io.balena.features.supervisor-api`): tells the fleet by tags what runs here, asks for
 * the device's name and whether an update waits. A supervisor that does not answer changes nothing at the gate.
 */
export function talkToSupervisor(parts: SupervisorParts): { readonly state: DeviceState } | undefined {
  const { BALENA_SUPERVISOR_ADDRESS: address, BALENA_SUPERVISOR_API_KEY: key } = parts.env;
  if (!address || !key) return undefined;
  const state: DeviceState = { name: null, updateWaiting: false };
  let told = '';
  let trouble = '';

  const call = async (method: 'GET' | 'PATCH', path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const response = await fetch(new URL(path, address), {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      signal: within(TIMEOUT, parts.signal),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: HTTP ${response.status}`);
    try {
      return JSON.parse(text) as Record<string, unknown>;
    } catch {
      return {};
    }
  };
  const talk = async (): Promise<void> => {
    const name = (await call('GET', '/v2/device/name')).deviceName;
    state.name = typeof name === 'string' ? name : null;
    const device = await call('GET', '/v1/device');
    state.updateWaiting = device.update_pending === true && device.update_downloaded === true;
    const tags = parts.tags();
    const text = JSON.stringify(tags);
    if (tags === undefined || text === told) return;
    await call('PATCH', '/v2/device/tags', tags);
    told = text;
  };
  void (async () => {
    while (!parts.signal.aborted) {
      try {
        await talk();
        trouble = '';
      } catch (error) {
        const why = (error as Error).message;
        // Once for each cause; the key is in no message.
        if (why !== trouble && !parts.signal.aborted)
          parts.log.warn({ why }, "balena's supervisor does not answer as it should");
        trouble = why;
      }
      await parts.clock.sleep(EVERY, parts.signal);
    }
  })();
  return {
    get state() {
      return state;
    },
  };
}
