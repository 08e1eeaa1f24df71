import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Page, Ticket } from '../../src/domain/ticket.js';
import { TicketList } from '../../src/store/list.js';
import { addBlack, blackEntries } from '../../src/store/list-files.js';
import {
  beginGeneration,
  copyGeneration,
  indexPrinted,
  removeGarbage,
  swap,
} from '../../src/store/list-generations.js';
import { ListMirror } from '../../src/store/list-mirror.js';
import { ListSource } from '../../src/store/list-source.js';
import { ListWriter } from '../../src/store/list-writer.js';
import { temporaryFolder, ticket } from '../support/builders.js';

const page = (...tickets: Ticket[]): Page => ({
  items: tickets.map((t) => ({ kind: 'ticket', ticket: t })),
  cursor: null,
  counted: tickets.length,
});
const pace = async (): Promise<void> => {};
const code = (n: number): string => `AB${String(n).padStart(4, '0')}`;

/** What the gate's thread does, without a wire: pieces of `chunk` tickets, at most `steps` of them (a cut). */
async function follow(gate: ListMirror, source: ListSource, chunk: number, steps = Infinity): Promise<void> {
  for (let n = 0; n < steps; n++) {
    const state = await source.state();
    if (await gate.followDropFirst(state.dropFirst)) continue;
    const snapshot = gate.startingOver ? { position: state.position, after: '' } : gate.snapshot;
    const lines = snapshot || gate.position > state.position ? undefined : await source.page(gate.position + 1);
    if (!snapshot && gate.position === state.position) {
      if ((await source.hash())?.hash === gate.hash) return;
      await gate.startOver(1);
      continue;
    }
    if (lines) {
      await gate.applyPage(lines.lines, gate.position + 1);
      continue;
    }
    const kept = snapshot && (snapshot.position === state.position || (await source.page(snapshot.position + 1)));
    const from = kept ? snapshot : { position: state.position, after: '' };
    const tickets = await source.tickets(from.after, chunk);
    const end = tickets.length < chunk;
    const next = end ? undefined : { position: from.position, after: tickets.at(-1)?.[0] ?? '' };
    await gate.applySnapshot([...tickets, ...(end ? await source.black() : [])], from, next, 1);
  }
}

type Step =
  | { do: 'page'; numbers: number[] }
  | { do: 'black'; numbers: number[]; replace: boolean }
  | { do: 'swap' }
  | { do: 'drop'; first: number }
  | { do: 'follow'; chunk: number; steps: number };
const numbers = fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 8 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('page' as const), numbers }),
  fc.record({ do: fc.constant('black' as const), numbers, replace: fc.boolean() }),
  fc.record({ do: fc.constant('swap' as const) }),
  fc.record({ do: fc.constant('drop' as const), first: fc.integer({ min: 0, max: 2 }) }),
  fc.record({
    do: fc.constant('follow' as const),
    chunk: fc.integer({ min: 1, max: 6 }),
    steps: fc.integer({ min: 1, max: 5 }),
  }),
);

describe('the list on its way from hub to gate', () => {
  it('is the same at the gate in the end: tickets, black list, printed codes, whatever was cut in between', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 14 }),
        fc.integer({ min: 1, max: 5 }),
        async (steps, keepLog) => {
          const [hubFolder, gateFolder] = [temporaryFolder(), temporaryFolder()];
          const hub = await ListWriter.open(hubFolder, { keepLog });
          let gateList = await ListWriter.open(gateFolder);
          let gate = new ListMirror(gateList);
          const source = new ListSource(hubFolder);
          await hub.applyPage('k', page(ticket(code(99))), 1);
          let round = 0;
          for (const s of steps) {
            round++;
            if (s.do === 'page')
              await hub.applyPage('k', page(...s.numbers.map((n) => ticket(code(n), { tariff: `T${round}` }))), round);
            else if (s.do === 'black')
              await addBlack(
                hub,
                s.numbers.map((n) => ({
                  barcode: code(n),
                  reason: n % 2 ? 'STOLEN' : 'TECHNICAL',
                  date: String(round),
                })),
                s.replace,
              );
            else if (s.do === 'swap') {
              const building = await beginGeneration(hub, 'resync', round);
              await copyGeneration(hub, hub.generation, building.generation, pace);
              await swap(hub, building);
              await removeGarbage(hub, pace);
            } else if (s.do === 'drop') {
              hub.dropFirst = s.first;
              await indexPrinted(hub, pace);
            } else {
              await follow(gate, source, s.chunk, s.steps);
              // The gate's process ends here and starts again.
              await gateList.close();
              gateList = await ListWriter.open(gateFolder);
              gate = new ListMirror(gateList);
            }
          }
          await follow(gate, source, 7, 60);
          expect({ position: gate.position, hash: gate.hash }).toEqual(await source.hash());
          // Not followed, but counted anew.
          expect((await new ListSource(hubFolder).hash())?.hash).toBe(gate.hash);
          expect(await blackEntries(gateList)).toEqual(await blackEntries(hub));
          const lanes = await TicketList.open(gateFolder, { followsHub: true });
          const hubLanes = await TicketList.open(hubFolder, { dropFirst: hub.dropFirst });
          for (let n = 0; n <= 30; n++)
            for (const cut of [0, 1, 2]) {
              const atGate = { ...lanes.find(code(n).slice(cut), 'barcode'), position: 0 };
              const atHub = { ...hubLanes.find(code(n).slice(cut), 'barcode'), position: 0 };
              expect(atGate).toEqual(atHub);
            }
          for (const handle of [lanes, hubLanes, hub, gateList]) await handle.close();
        },
      ),
      { numRuns: Number(process.env.PORTILLON_TEST_RUNS ?? 15) },
    );
  });
});
