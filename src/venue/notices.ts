import type { z } from 'zod';
import type { Clock } from '../clock.js';
import { describeError } from '../errors.js';
import type { Log } from '../log.js';
import type { Journal } from '../store/journal.js';
import type { Rights } from './rights.js';
import type { noticeAnswer, noticeRequest } from './topics.js';

interface Parts {
  clock: Clock;
  log: Log;
  journal: Pick<Journal, 'append'>;
  /** A lane of this gate holds the ticket, or has let somebody in on it. */
  holds: (barcode: string, slot: string) => boolean;
  rights: Rights;
  /** Keeps saying that these are over until the hub has it. */
  end: (right: { id: string; barcode: string }) => void;
  /** What becomes of this claim has to be heard. Resolves when that is on the disk. */
  noted: (claim: string, barcode: string) => Promise<void>;
}

/**
 * The hub asks before it grants a claim of another gate: a ticket that is at home here is written down as used elsewhere, or rights are
 * given back. Undefined = nothing can be promised, so nothing is said, and the hub does not grant.
 */
export async function answerNotice(
  notice: z.output<typeof noticeRequest>,
  { clock, log, journal, holds, rights, end, noted }: Parts,
): Promise<z.output<typeof noticeAnswer> | undefined> {
  const { id, claim, barcode, slot, at, lane } = notice;
  try {
    if (notice.rights) {
      const said = await rights.giveBack(notice.rights);
      // The answer may come too late for the claim it was asked for.
      for (const right of said.returned) end({ id: right, barcode });
      return { id, said: 'agreed', ...said };
    }
    if (holds(barcode, slot)) return { id, said: 'used', at: clock.now(), lane: 'home' };
    const entry = { barcode, checkId: claim, lane, direction: 'entry' as const, checkedAt: at, slot };
    await noted(claim, barcode);
    await journal.append({ kind: 'elsewhere', at: clock.now(), what: 'admitted', ...entry });
    return { id, said: 'agreed' };
  } catch (error) {
    log.warn({ error: describeError(error) }, 'the hub asked for a promise that could not be written down');
    return undefined;
  }
}
