import type { DeviceEvents, DeviceStatus, Indicator, Reader, SelfTestStep, Signal } from '../contract.js';
import type { ReaderFeedbackOptions } from './options.js';

/** The lane's indicator is a reader's own lamp: opened, closed and reported with that reader. Throws when it has none. */
export function create(options: ReaderFeedbackOptions, readers: readonly Reader[]): Indicator {
  const reader = readers[options.reader];
  const feedback = reader?.feedback;
  if (!reader || !feedback) {
    throw new Error(
      `indicator: reader ${options.reader} of this lane ${reader ? 'has neither lamp nor beeper' : 'does not exist'}`,
    );
  }
  return {
    capabilities: feedback.capabilities,
    show: (signal: Signal) => feedback.show(signal),
    open: async () => {},
    close: async () => {},
    status: (): DeviceStatus => ({ ...reader.status(), counters: {} }),
    on: <K extends keyof DeviceEvents>(event: K, listener: DeviceEvents[K]) => reader.on(event, listener),
    selfTest: async (report: (step: SelfTestStep) => void) => {
      for (const pattern of ['admit', 'refuse'] as const) {
        feedback.show({ pattern, text: '' });
        report({ name: `pattern ${pattern}`, ok: null, detail: 'was it seen or heard at the reader?' });
      }
    },
  };
}
