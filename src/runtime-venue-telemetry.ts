import type { VenueCounts } from './diagnostics/venue-model.js';
import { PortillonError } from './errors.js';
import type { Venue, VenueBasics, VenueParts } from './runtime-venue-parts.js';
import { Telemetry } from './venue/telemetry.js';
import type * as t from './venue/topics.js';
import { topics } from './venue/topics.js';
import { Wire } from './venue/wire.js';

type Report = ReturnType<Venue['report']>;

/** What this gate, hub or not, tells the venue, and what people may tell it to do. */
export function buildTelemetry(
  basics: VenueBasics,
  parts: VenueParts,
  report: () => Report,
  beside?: { topic: string; body: () => object },
): Telemetry {
  const { config, gate, store } = basics;
  const { clock, model } = parts;
  return new Telemetry(
    { venue: config.id, gate, commanders: config.commanders },
    {
      clock,
      log: parts.log.child({ room: 'venue' }),
      health: () => healthOf(parts, report()),
      obey: (command, by) => obey(command, by, parts),
      note: (what) => model.live.note(what),
      seen: store,
      ...(beside && { beside }),
    },
  );
}

function healthOf({ model, clock }: VenueParts, venue: Report): t.HealthFacts {
  const { health, conditions, lanes, journal, version, sync } = model.status();
  const times = (sync?.pull.scopes ?? []).map((s) => s.completeAt);
  const complete = times.length > 0 && !times.includes(null);
  const { longest = 0, ...claims } = venue.claims;
  return {
    role: venue.role,
    version,
    health,
    conditions: conditions.map((c) => c.what),
    queue: journal.waiting,
    listAge: complete ? Math.max(0, Math.round((clock.now() - Math.min(...(times as number[]))) / 1000)) : null,
    list: venue.list && { position: venue.list.position, hash: venue.list.hash },
    link: venue.link?.state ?? null,
    risk: venue.risk,
    claims: { ...claims, longest },
    lanes: lanes.map(({ id, mode, counters }) => ({
      id,
      mode,
      counters: { ...counters },
      reasons: model.tally.reasons(id),
    })),
  };
}

/** Codes are never part of what is answered. */
async function obey(command: t.Command['command'], by: string, parts: VenueParts): Promise<string> {
  const { model } = parts;
  switch (command.do) {
    case 'mode':
      await model.setMode(command.lane, command.mode, by, command.why);
      return `${command.lane} is ${command.mode}`;
    case 'pulse':
      await model.pulse(command.lane, by);
      return `${command.lane} was opened`;
    case 'sync': {
      const { ok, error } = await model.syncNow(command.what ?? 'all');
      if (!ok) throw new PortillonError('SYNC', error ?? 'the synchronisation failed');
      return 'synchronised';
    }
    case 'selftest': {
      const reports = await model.selfTest(undefined);
      const failed = reports.filter((r) => r.steps.some((s) => !s.ok));
      if (reports.length === 0) return 'there are no devices here';
      const names = failed.map((r) => `${r.lane}/${r.role}`);
      return failed.length === 0 ? `${reports.length} devices are well` : `not well: ${names.join(', ')}`;
    }
    case 'log-level':
      if (!parts.setLogLevel) throw new PortillonError('LOG_LEVEL', 'the log of this process has no level');
      parts.setLogLevel(command.level);
      return `the log says ${command.level} and worse until the next start`;
    case 'give-back': {
      const { checkId } = await model.desk.giveBack(command.code, command.check, { who: by, why: command.why });
      return `given back by ${checkId}`;
    }
    case 'force': {
      const { lane, code, medium = 'barcode', why } = command;
      const { admitted, reason, checkId } = await model.desk.force(lane, code, medium, { who: by, why }, false);
      if (!admitted) throw new PortillonError('FORCE', `${lane} did not open: ${reason}`);
      return `${lane} was opened for one person${checkId === undefined ? '' : ` (${checkId})`}`;
    }
  }
}

/** The hub's own line for telemetry: its other one carries claims and must not carry anything else. */
export class HubTelemetry {
  readonly #telemetry: Telemetry;
  readonly #wire: Wire;
  readonly #last: { topic: string; payload: string };

  constructor(basics: VenueBasics, parts: VenueParts, report: () => Report, counts: () => VenueCounts) {
    const { config, gate, broker, claims } = basics;
    const { clock, log, random } = parts;
    const topic = topics.presence(config.id, gate);
    const presence = (online: boolean): string =>
      JSON.stringify({ schema: 'presence/1', online, session: claims.session, at: clock.now() });
    this.#last = { topic, payload: presence(false) };
    this.#telemetry = buildTelemetry(basics, parts, report, {
      topic: topics.counts(config.id),
      body: () => ({ schema: 'counts/1', at: clock.now(), ...counts() }),
    });
    this.#wire = new Wire(
      {
        broker,
        clientId: `${config.id}-${gate}-telemetry-${claims.session}`,
        subscriptions: [topics.command(config.id, gate)],
        will: this.#last,
      },
      {
        log: log.child({ room: 'venue' }),
        random,
        onMessage: (at, payload) => this.#telemetry.onMessage(at, payload),
        onUp: () => {
          this.#wire.send(topic, presence(true), { retain: true });
          this.#telemetry.onUp(this.#wire);
        },
        onDown: () => {},
      },
    );
  }

  onDecision(event: Parameters<Telemetry['onDecision']>[0]): void {
    this.#telemetry.onDecision(event);
  }

  async close(): Promise<void> {
    this.#telemetry.close();
    await this.#wire.close(this.#last);
  }
}
