/**
 * The helper process of the `pcsc` driver: PC/SC calls block, and a library that waits for a service would stop an event loop. It says that
 * it lives, which readers there are and every card; it ends with its parent.
 */
import type { FromHelper } from './codec.js';
import { BUZZER_OFF, decodeUid, GET_UID } from './codec.js';
import type { Winscard } from './winscard.js';
import { openWinscard, PcscError, STATE } from './winscard.js';

const [wanted = '', pingText = '1000', buzzer = 'true'] = process.argv.slice(2);
const ping = Number(pingText);
/** Waiting for a card is cut into pieces, so that a parent that went away is noticed. */
const SLICE = Math.min(250, ping);

const say = (message: FromHelper): void => {
  if (process.send) process.send(message, () => {});
};
process.on('disconnect', () => process.exit(0));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let lastSaid = 0;
const alive = async (): Promise<void> => {
  if (Date.now() - lastSaid >= ping) {
    lastSaid = Date.now();
    say({ type: 'alive' });
  }
  await turn();
};

async function serve(pcsc: Winscard): Promise<void> {
  let using: string | null = null;
  let known: number = STATE.unaware;
  let said = '';
  for (;;) {
    await alive();
    const names = pcsc.readers();
    const found: string | null = names.find((n) => n.includes(wanted)) ?? null;
    if (`${names.join()}|${found}` !== said) {
      said = `${names.join()}|${found}`;
      say({ type: 'readers', names, using: found });
    }
    if (found === null) {
      using = null;
      await pause(SLICE);
      continue;
    }
    if (found !== using) known = STATE.unaware;
    using = found;
    const change = pcsc.change(found, known, SLICE);
    if (!change) continue;
    const wasPresent = (known & STATE.present) !== 0;
    known = change.state & ~STATE.changed;
    if ((change.state & STATE.present) !== 0 && !wasPresent) readCard(pcsc, found, change.atr);
  }
}

function readCard(pcsc: Winscard, reader: string, atr: Uint8Array): void {
  try {
    const apdus = buzzer === 'false' ? [BUZZER_OFF, GET_UID] : [GET_UID];
    const answer = pcsc.transmit(reader, apdus).at(-1) as Uint8Array;
    const decoded = decodeUid(answer);
    if ('why' in decoded) say({ type: 'unreadable', why: decoded.why });
    else say({ type: 'card', uid: Buffer.from(decoded.uid).toString('hex'), atr: Buffer.from(atr).toString('hex') });
  } catch (error) {
    // Taken away too early: the next presentation is read.
    say({ type: 'unreadable', why: (error as Error).message });
  }
}

for (;;) {
  try {
    const pcsc = openWinscard();
    try {
      await serve(pcsc);
    } finally {
      pcsc.close();
    }
  } catch (error) {
    say({ type: 'trouble', why: (error as Error).message });
    // A library that is missing stays missing; a service may come.
    if (!(error instanceof PcscError)) process.exitCode = 1;
    if (!(error instanceof PcscError)) break;
    await alive();
    await pause(ping);
  }
}
process.disconnect?.();
