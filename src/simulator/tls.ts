import { randomBytes } from 'node:crypto';
import type { KeyPair } from '../certificates.js';
import { makeCertificate } from '../certificates.js';

const DAY = 24 * 3_600_000;
const SERVER = 'CN=portillon-simulator, O=Portillon';
const NAMES = ['localhost', '127.0.0.1', '::1'];

/** From when until when a certificate is valid, UTC milliseconds. */
export interface Validity {
  from: number;
  to: number;
}

/** The simulator's own certificate authority: whoever trusts it takes any certificate it gives out, as long as that is in its time. */
export interface Authority {
  /** PEM: what a client has to trust. */
  ca: string;
  issue(validity?: Partial<Validity>): Promise<KeyPair>;
}

export async function createAuthority(now: number): Promise<Authority> {
  const serial = (): string => `01${randomBytes(7).toString('hex')}`;
  const own = await makeCertificate({
    subject: 'CN=Portillon simulator CA, O=Portillon',
    names: [],
    // Old enough to give out certificates that have expired long ago.
    from: new Date(now - 3_650 * DAY),
    to: new Date(now + 365 * DAY),
    serial: serial(),
    authority: true,
  });
  return {
    ca: own.cert,
    issue: ({ from = now - DAY, to = now + 30 * DAY } = {}) => {
      const [first, last] = [new Date(Math.min(from, to - 1_000)), new Date(to)];
      return makeCertificate({ subject: SERVER, names: NAMES, from: first, to: last, serial: serial(), issuer: own });
    },
  };
}
