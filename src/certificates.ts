import { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** Certificate and private key, PEM. */
export interface KeyPair {
  cert: string;
  key: string;
}

export interface Wanted {
  /** Distinguished name, such as `CN=gate, O=Portillon`. */
  subject: string;
  /** Host names and addresses it is for. */
  names: readonly string[];
  from: Date;
  to: Date;
  /** Hexadecimal. */
  serial: string;
  /** Who signs it; left out: itself. */
  issuer?: KeyPair;
  /** It signs others. */
  authority?: boolean;
}

/** A certificate with a key of its own: node:crypto reads certificates but cannot make one. */
export async function makeCertificate(wanted: Wanted): Promise<KeyPair> {
  // Loaded when it is needed: few processes make a certificate.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as never);
  const { subject, names, issuer, authority = false } = wanted;
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const common = {
    serialNumber: wanted.serial,
    notBefore: wanted.from,
    notAfter: wanted.to,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(authority, undefined, true),
      new x509.KeyUsagesExtension(
        authority ? x509.KeyUsageFlags.keyCertSign : x509.KeyUsageFlags.digitalSignature,
        true,
      ),
      ...(authority ? [] : [new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.1'])]),
      ...(names.length === 0
        ? []
        : [
            new x509.SubjectAlternativeNameExtension(
              names.map((value) => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value })),
            ),
          ]),
    ],
  };
  const cert = issuer
    ? await x509.X509CertificateGenerator.create({
        ...common,
        subject,
        issuer: new x509.X509Certificate(issuer.cert).subject,
        publicKey: keys.publicKey as never,
        signingKey: (await webcrypto.subtle.importKey('pkcs8', bytesOf(issuer.key), ALGORITHM, false, [
          'sign',
        ])) as never,
      })
    : await x509.X509CertificateGenerator.createSelfSigned({ ...common, name: subject, keys: keys as never });
  const key = pem(Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)));
  return { cert: cert.toString('pem'), key };
}

const pem = (pkcs8: Buffer): string =>
  `-----BEGIN PRIVATE KEY-----\n${pkcs8.toString('base64').replaceAll(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
const bytesOf = (key: string): Buffer => Buffer.from(key.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
