import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import type { KeyPair } from '../../certificates.js';
import { makeCertificate } from '../../certificates.js';
import { PortillonError } from '../../errors.js';

const DAY = 24 * 60 * 60_000;
/** Telephones refuse certificates that live longer than 825 days. */
const LIVES = 800 * DAY;
const RENEW = 30 * DAY;

export interface Certificate {
  cert: string;
  key: string;
  /** SHA-256 of the certificate, as browsers show it. */
  fingerprint: string;
  own: boolean;
}

/** The operator's certificate. Throws with the remedy. */
export function loadCertificate(certFile: string, keyFile: string): Certificate {
  try {
    const cert = readFileSync(certFile, 'utf8');
    return { cert, key: readFileSync(keyFile, 'utf8'), fingerprint: fingerprintOf(cert), own: false };
  } catch (cause) {
    throw new PortillonError('PAGE_CERTIFICATE', `the certificate of the page cannot be read`, {
      cause,
      hint: 'check `diagnostics.certificate` and `diagnostics.key`: both are PEM files',
    });
  }
}

/** The gate's own: made once, kept in the data folder, made anew when it ends soon or a name or address is missing. */
export async function ownCertificate(folder: string, names: readonly string[], now: number): Promise<Certificate> {
  const certFile = path.join(folder, 'page-certificate.pem');
  const keyFile = path.join(folder, 'page-key.pem');
  try {
    const cert = readFileSync(certFile, 'utf8');
    const x509 = new X509Certificate(cert);
    const fits = names.every((n) => (isIP(n) ? x509.checkIP(n) : x509.checkHost(n)) !== undefined);
    if (fits && Date.parse(x509.validTo) - now > RENEW && Date.parse(x509.validFrom) <= now)
      return { cert, key: readFileSync(keyFile, 'utf8'), fingerprint: fingerprintOf(cert), own: true };
  } catch {
    // None yet, or not readable: a new one.
  }
  const { cert, key } = await make(names, now);
  for (const [file, text] of [
    [keyFile, key],
    [certFile, cert],
  ] as const) {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
  return { cert, key, fingerprint: fingerprintOf(cert), own: true };
}

const make = (names: readonly string[], now: number): Promise<KeyPair> =>
  makeCertificate({
    subject: `CN=${names[0] ?? 'portillon'}, O=Portillon`,
    names,
    serial: createHash('sha256').update(`${now}${names.join()}`).digest('hex').slice(0, 16),
    // A gate whose clock is not set yet must not make one that begins in the future.
    from: new Date(now - DAY),
    to: new Date(now + LIVES),
  });

const fingerprintOf = (cert: string): string => new X509Certificate(cert).fingerprint256;
