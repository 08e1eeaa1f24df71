import { createRequire } from 'node:module';
import type koffiModule from 'koffi';

type Koffi = typeof koffiModule;

/** The part of the PC/SC API (winscard.h of pcsc-lite) that is used; every call may block, so it lives in the helper process. */
export class PcscError extends Error {
  readonly code: number;
  constructor(call: string, code: number) {
    super(`${call}: ${NAMES[code] ?? `0x${code.toString(16)}`}`);
    this.code = code;
  }
}
export const TIMEOUT = 0x8010000a;
export const NO_READERS = 0x8010002e;
export const NO_SERVICE = 0x8010001d;
const NAMES: Readonly<Record<number, string>> = {
  [NO_SERVICE]: 'pcscd is not running',
  [NO_READERS]: 'no reader is plugged in',
  0x80100009: 'unknown reader',
  0x8010000b: 'the reader is used exclusively by another program',
  0x80100069: 'the card was removed',
  0x80100066: 'the card does not answer',
};

const SHARED = 2;
const T0_OR_T1 = 3;
const LEAVE_CARD = 0;
export const STATE = {
  unaware: 0x00,
  changed: 0x02,
  unknown: 0x04,
  unavailable: 0x08,
  empty: 0x10,
  present: 0x20,
} as const;

export interface ReaderState {
  state: number;
  atr: Uint8Array;
}

export interface Winscard {
  readers(): string[];
  /** Waits for a change from `known`, at most `ms`; undefined = none came. */
  change(reader: string, known: number, ms: number): ReaderState | undefined;
  transmit(reader: string, apdus: readonly Uint8Array[]): Uint8Array[];
  close(): void;
}

type Call = (...arguments_: unknown[]) => number;
interface Library {
  establish: Call;
  releaseContext: Call;
  list: Call;
  statusChange: Call;
  connect: Call;
  disconnect: Call;
  send: Call;
}
let loaded: Library | undefined;

/** Once a process: the names of the structures are registered with koffi. Throws when the library is not there. */
function load(): Library {
  const require = createRequire(import.meta.url);
  const koffi = require('koffi') as Koffi;
  const lib = koffi.load('libpcsclite.so.1');
  // On Linux a DWORD of pcsc-lite is an unsigned long.
  koffi.struct('SCARD_READERSTATE', {
    szReader: 'const char *',
    pvUserData: 'void *',
    dwCurrentState: 'unsigned long',
    dwEventState: 'unsigned long',
    cbAtr: 'unsigned long',
    rgbAtr: koffi.array('uint8_t', 33, 'Typed'),
  });
  koffi.struct('SCARD_IO_REQUEST', { dwProtocol: 'unsigned long', cbPciLength: 'unsigned long' });
  const f = (declaration: string): Call => lib.func(declaration) as Call;
  return {
    establish: f('long SCardEstablishContext(unsigned long scope, void *r1, void *r2, _Out_ long *context)'),
    releaseContext: f('long SCardReleaseContext(long context)'),
    list: f(
      'long SCardListReaders(long context, const char *groups, _Out_ uint8_t *readers, _Inout_ unsigned long *length)',
    ),
    statusChange: f(
      'long SCardGetStatusChange(long context, unsigned long ms, _Inout_ SCARD_READERSTATE *states, unsigned long count)',
    ),
    connect: f(
      'long SCardConnect(long context, const char *reader, unsigned long share, unsigned long protocols, _Out_ long *card, _Out_ unsigned long *protocol)',
    ),
    disconnect: f('long SCardDisconnect(long card, unsigned long disposition)'),
    send: f(
      'long SCardTransmit(long card, SCARD_IO_REQUEST *pci, const uint8_t *bytes, unsigned long length, void *recvPci, _Out_ uint8_t *answer, _Inout_ unsigned long *answerLength)',
    ),
  };
}

/** Throws when the library or the service is not there. */
export function openWinscard(): Winscard {
  const { establish, releaseContext, list, statusChange, connect, disconnect, send } = (loaded ??= load());

  const check = (call: string, result: number): void => {
    const code = Number(BigInt.asUintN(32, BigInt(result)));
    if (code !== 0) throw new PcscError(call, code);
  };
  const context = [0];
  check('SCardEstablishContext', establish(2, null, null, context));
  const id = context[0] as number;

  return {
    readers: () => {
      const buffer = Buffer.alloc(4096);
      const length = [buffer.length];
      try {
        check('SCardListReaders', list(id, null, buffer, length));
      } catch (error) {
        if (error instanceof PcscError && error.code === NO_READERS) return [];
        throw error;
      }
      return buffer
        .toString('utf8', 0, length[0])
        .split('\0')
        .filter((name) => name !== '');
    },
    change: (reader, known, ms) => {
      const states = [
        {
          szReader: reader,
          pvUserData: null,
          dwCurrentState: known,
          dwEventState: 0,
          cbAtr: 0,
          rgbAtr: new Uint8Array(33),
        },
      ];
      try {
        check('SCardGetStatusChange', statusChange(id, ms, states, 1));
      } catch (error) {
        if (error instanceof PcscError && error.code === TIMEOUT) return undefined;
        throw error;
      }
      const [s] = states as unknown as [{ dwEventState: number; cbAtr: number; rgbAtr: Uint8Array }];
      return { state: Number(s.dwEventState), atr: Uint8Array.from(s.rgbAtr).subarray(0, Number(s.cbAtr)) };
    },
    transmit: (reader, apdus) => {
      const card = [0];
      const protocol = [0];
      check('SCardConnect', connect(id, reader, SHARED, T0_OR_T1, card, protocol));
      try {
        return apdus.map((apdu) => {
          const answer = Buffer.alloc(264);
          const length = [answer.length];
          check(
            'SCardTransmit',
            send(card[0], { dwProtocol: protocol[0], cbPciLength: 16 }, apdu, apdu.length, null, answer, length),
          );
          return Uint8Array.from(answer.subarray(0, Number(length[0])));
        });
      } finally {
        disconnect(card[0], LEAVE_CARD);
      }
    },
    close: () => void releaseContext(id),
  };
}
