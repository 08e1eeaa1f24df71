import type { Programme } from '../domain/programme.js';
import type { Transfers } from '../sync/transfer.js';
import type { QuestionKind, Questions } from '../sync/messages.js';

/** The ticketing platform behind the gate: what is known of it, and what may be asked of it within its limits. */
export interface PlatformModel {
  programme(): Programme;
  importList: Transfers['importList'];
  exportList: Transfers['exportList'];
  platform<K extends QuestionKind>(kind: K, ask: Questions[K]['ask']): Promise<Questions[K]['answer']>;
}
