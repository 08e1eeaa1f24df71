import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
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

async function make(names: readonly string[], now: number): Promise<{ cert: string; key: string }> {
  // Loaded when it is needed: node:crypto reads certificates but cannot make one.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  x509.cryptoProvider.set(webcrypto as never);
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: createHash('sha256').update(`${now}${names.join()}`).digest('hex').slice(0, 16),
    name: `CN=${names[0] ?? 'portillon'}, O=Portillon`,
    // A gate whose clock is not set yet must not make one that begins in the future.
    notBefore: new Date(now - DAY),
    notAfter: new Date(now + LIVES),
    signingAlgorithm: algorithm,
    keys: keys as never,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1']),
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
      ),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const body = pkcs8.toString('base64').replaceAll(/.{64}/g, '$&\n');
  return { cert: cert.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n` };
}

const fingerprintOf = (cert: string): string => new X509Certificate(cert).fingerprint256;
