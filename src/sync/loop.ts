import type { Clock, Random } from '../clock.js';
import { describeError, PortillonError } from '../errors.js';
import type { Log } from '../log.js';
import { createSecutixClient } from '../secutix/client.js';
import type { Programme } from '../domain/programme.js';
import type { SecutixClient } from '../secutix/types.js';
import type { SettledChecks } from '../store/journal.js';
import { ListWriter } from '../store/list-writer.js';
import { SyncState } from '../store/sync-state.js';
import { exportFile, importFile } from './list-files.js';
import { ListHold } from './list-hold.js';
import type { FromWorker, Handover, QuestionKind, Questions, SyncOptions, SyncStatus, ToWorker } from './messages.js';
import { admissionTimes, planPull } from './plan.js';
import { ProgrammeKeeper } from './programme-keeper.js';
import { Puller } from './puller.js';
import { Pusher } from './pusher.js';
import { nextDelay } from './schedule.js';

interface LoopParts {
  clock: Clock;
  random: Random;
  log: Log;
  post: (message: FromWorker) => void;
}

/** A catalogue that cannot be fetched is asked for again after this, milliseconds: SecuTix allows few calls of it. */
const CATALOGUE_RETRY = 600_000;
/** Milliseconds a hand-over waits for a call that has begun, and between two looks whether it was called off. */
const HOLD_WITHIN = 4_000;
const HELD_LOOK = 200;

/** Pull, push and catalogue, each an endless loop of its own: one that fails never holds up the others. */
export class SyncLoop {
  readonly #o: SyncOptions;
  readonly #p: LoopParts;
  readonly #hold: ListHold;
  readonly #state: SyncState;
  readonly #client: SecutixClient;
  readonly #puller: Puller;
  readonly #pusher: Pusher;
  readonly #keeper: ProgrammeKeeper;
  readonly #stop = new AbortController();
  #through = 0;
  #requests = new Map<number, (r: SettledChecks | { error: string }) => void>();
  #nextRequest = 1;
  #listReopened: ((error?: string) => void) | undefined;
  #loops: Promise<unknown> = Promise.resolve();
  /** Another box is about to take this hub's place. */
  #held = false;
  #questions = new Set<Promise<void>>();
  /** Aborted when the next pull is to be planned anew. */
  #replan = new AbortController();

  static async start(options: SyncOptions, parts: LoopParts): Promise<SyncLoop> {
    const { storeKey, dropFirst, listLog: keepLog } = options;
    const list = await ListWriter.open(options.listFolder, {
      dropFirst,
      storeKey,
      ...(keepLog !== undefined && { keepLog }),
    });
    const state = await SyncState.open(options.syncFolder, storeKey);
    const loop = new SyncLoop(options, parts, list, state);
    await loop.#pusher.begin();
    loop.#report();
    loop.#loops = Promise.all([loop.#pullLoop(), loop.#pushLoop(), loop.#catalogueLoop()]);
    return loop;
  }

  private constructor(options: SyncOptions, parts: LoopParts, list: ListWriter, state: SyncState) {
    const { clock, random, log } = parts;
    const { signal } = this.#stop;
    this.#o = options;
    this.#p = parts;
    this.#state = state;
    this.#hold = new ListHold(list, () => this.#reopenLanesSide());
    const client = createSecutixClient(options.secutix, {
      clock,
      random,
      log,
      limiterStore: { load: () => state.loadLimiter(), save: (s) => state.saveLimiter(s) },
    });
    this.#client = client;
    const report = (): void => this.#report();
    const programme = (): Programme => this.#keeper.programme;
    const halted = (): boolean => this.#held;
    this.#puller = new Puller({ clock, log, client, hold: this.#hold, options, signal, report, programme, halted });
    const source = (after: number, limit: number): Promise<SettledChecks> => this.#records(after, limit);
    this.#pusher = new Pusher({ clock, log, client, state, options, signal, source, halted });
    const onProgramme = (programme: ProgrammeKeeper['programme']): void => {
      parts.post({ type: 'programme', programme });
      this.#planAnew();
    };
    this.#keeper = new ProgrammeKeeper({ clock, client, state, options, signal, onProgramme });
  }

  onMessage(message: Exclude<ToWorker, { type: 'stop' }>): void {
    switch (message.type) {
      case 'settled':
        this.#through = message.through;
        return;
      case 'records':
        this.#requests.get(message.id)?.(message.result);
        this.#requests.delete(message.id);
        return;
      case 'list-reopened':
        this.#listReopened?.(message.error);
        return;
      case 'ask': {
        const answered = this.#answer(message);
        this.#questions.add(answered);
        void answered.finally(() => this.#questions.delete(answered));
        return;
      }
    }
  }

  async #answer(message: Extract<ToWorker, { type: 'ask' }>): Promise<void> {
    const { id } = message;
    try {
      this.#p.post({ type: 'answer', id, answer: await this.#ask(message) });
    } catch (error) {
      const { code, hint } = error instanceof PortillonError ? error : { code: undefined, hint: undefined };
      const text = error instanceof Error ? error.message : String(error);
      const details = { ...(code !== undefined && { code }), ...(hint !== undefined && { hint }) };
      this.#p.post({ type: 'no-answer', id, error: code === undefined ? describeError(error) : text, ...details });
    }
    this.#report();
  }

  #ask(message: Extract<ToWorker, { type: 'ask' }>): Promise<Questions[QuestionKind]['answer']> {
    switch (message.kind) {
      case 'sync':
        return this.#syncNow(message.ask.what);
      case 'remote':
        return this.#client.getControlledTicket(message.ask.code, this.#stop.signal);
      case 'catalogue':
        return this.#keeper.refresh();
      case 'refused':
        return this.#state.rejectedAfter(message.ask.after, message.ask.limit);
      case 'handover':
        return this.#handover(message.ask.hold);
      case 'resync':
        return this.#puller.resync(message.ask.purpose);
      case 'import': {
        const parts = { now: () => this.#p.clock.now(), pace: this.#puller.pace };
        return this.#hold.exclusive((list) => importFile(list, message.ask, parts));
      }
      case 'export': {
        const { kind, file } = message.ask;
        return this.#hold.exclusive((list) => exportFile(list, kind, file, this.#puller.pace));
      }
    }
  }

  async #handover(hold: boolean | undefined): Promise<Handover> {
    const state = this.#state;
    if (hold === true) {
      this.#held = true;
      const begun = Promise.allSettled([this.#puller.running, this.#pusher.running]);
      await Promise.race([begun, this.#p.clock.sleep(HOLD_WITHIN, this.#stop.signal)]);
    } else if (hold === false) {
      this.#held = false;
      this.#planAnew();
    }
    const programme = state.loadProgramme();
    const { pushCursor: pushed, admittedCursor: admitted } = state;
    return { pushed, admitted, limiter: state.loadLimiter(), ...(programme && { programme }) };
  }

  async #whileHeld(): Promise<void> {
    while (this.#held && !this.#stop.signal.aborted) await this.#p.clock.sleep(HELD_LOOK, this.#stop.signal);
  }

  async #syncNow(what: Questions['sync']['ask']['what']): Promise<{ ok: true }> {
    if (this.#held) throw new PortillonError('SYNC_HELD', 'another box is about to take this hub’s place');
    try {
      await Promise.all([what !== 'push' && this.#puller.pull(), what !== 'pull' && this.#pusher.push(true)]);
    } finally {
      this.#planAnew();
    }
    return { ok: true };
  }

  #planAnew(): void {
    const before = this.#replan;
    this.#replan = new AbortController();
    before.abort();
  }

  async #pullLoop(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      await this.#whileHeld();
      try {
        await this.#puller.pull();
        failures = 0;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures++;
        this.#p.log.warn(
          { error: describeError(error), failures },
          'pull failed: the lanes go on with the list they have',
        );
      }
      await this.#untilNextPull(failures);
    }
  }

  /** The programme may change while this waits: a nearer opening of doors is seen at once. */
  async #untilNextPull(failures: number): Promise<void> {
    const { clock, random } = this.#p;
    const { status } = this.#puller;
    const stretch = 0.9 + 0.2 * random();
    let ended = clock.now();
    for (;;) {
      const now = clock.now();
      const windows = admissionTimes(this.#keeper.programme, this.#o.scopes, this.#o.pull);
      const { at, event } = planPull(ended, now, windows, this.#o.pull, stretch);
      status.event = event;
      this.#client.duringEvent(event);
      status.nextAt = failures > 0 ? Math.min(at, ended + nextDelay(at - ended, failures, () => 0.5)) : at;
      this.#report();
      // Also when the clock was set back: an interval is never longer than it is.
      if (now >= status.nextAt || now < ended) return;
      const signals = AbortSignal.any([this.#stop.signal, this.#replan.signal]);
      await clock.sleep(Math.min(status.nextAt - now, 60_000), signals);
      if (this.#stop.signal.aborted) return;
      // A person's pull was here in the meantime: the next one counts from its end.
      if (status.nextAt === null) ended = clock.now();
    }
  }

  async #pushLoop(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      await this.#p.clock.sleep(nextDelay(this.#o.push.every, failures, this.#p.random), this.#stop.signal);
      await this.#whileHeld();
      if (this.#stop.signal.aborted) return;
      try {
        await this.#pusher.push();
        failures = 0;
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures++;
        this.#p.log.warn({ error: describeError(error), failures }, 'push failed: the checks are kept and sent again');
      }
      this.#report();
    }
  }

  async #catalogueLoop(): Promise<void> {
    const { clock, log } = this.#p;
    while (!this.#stop.signal.aborted) {
      await clock.sleep(this.#keeper.dueIn(), this.#stop.signal);
      await this.#whileHeld();
      if (this.#stop.signal.aborted) return;
      try {
        await this.#keeper.refresh();
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        log.warn({ error: describeError(error) }, 'the catalogue cannot be fetched: the one of before stays');
        await clock.sleep(CATALOGUE_RETRY, this.#stop.signal);
      }
      this.#report();
    }
  }

  #reopenLanesSide(): Promise<string | undefined> {
    const reopened = new Promise<string | undefined>((resolve) => {
      this.#listReopened = resolve;
    });
    this.#p.post({ type: 'list-closed' });
    return reopened;
  }

  async #records(after: number, limit: number): Promise<SettledChecks> {
    if (after >= this.#through) return { checks: [], scanned: after };
    const id = this.#nextRequest++;
    const result = await new Promise<SettledChecks | { error: string }>((resolve) => {
      this.#requests.set(id, resolve);
      this.#p.post({ type: 'need-records', id, after, limit });
    });
    if ('error' in result) throw new PortillonError('JOURNAL_READ', result.error);
    return result;
  }

  #report(): void {
    const { left: callsLeft, ...budget } = this.#client.budget();
    const pull = this.#puller.status;
    this.#pusher.status.cursor = this.#state.pushCursor;
    try {
      Object.assign(pull, this.#puller.look(this.#hold.list));
    } catch {
      // The list is being reopened: the figures of before stay.
    }
    const status: SyncStatus = {
      pull,
      push: this.#pusher.status,
      programme: this.#keeper.status,
      secutix: { callsLeft, ...budget },
    };
    this.#p.post({ type: 'status', status });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    for (const resolve of this.#requests.values()) resolve({ error: 'stopping' });
    this.#listReopened?.('stopping');
    await Promise.allSettled([this.#loops, ...this.#questions]);
    await this.#client.close();
    await this.#hold.close();
    await this.#state.close();
  }
}
