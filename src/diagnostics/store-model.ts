import type { Aside } from '../store/aside.js';
import type { Head } from '../store/head.js';
import type { Verification } from '../store/verify.js';

/** The state of what is on the disk. */
export interface StoreReport {
  /** Codes on the disk are hidden. */
  sealed: boolean;
  /** The last record: noted down elsewhere it proves later that nothing was cut off. */
  head: Head;
  /** Bytes. */
  free: number;
  /** Damaged databases that were set aside, oldest first. */
  asides: Aside[];
  /** Since the start: what was forgotten because its time had come; `early`: because the disk is nearly full. */
  forgotten: { records: number; usages: number; early: boolean };
}

export interface StoreModel {
  verifyJournal(known: Head | undefined): Promise<Verification>;
}
