import { isIP } from 'node:net';
import type { DetailedPeerCertificate, SecureContext } from 'node:tls';
import { connect, createSecureContext, rootCertificates } from 'node:tls';

/** Milliseconds for a look at a certificate that was not accepted. */
const LOOK_DEADLINE = 3_000;
const DAY = 24 * 3_600_000;
/** A chain is a few certificates long; one that points at itself ends it. */
const LONGEST_CHAIN = 10;

const CLOCK_FIRST = "check this gate's clock first (date, NTP)";
const RENEW = 'SecuTix, or whoever runs a proxy on the way, has to renew the certificate; it is tried again';

/** Trusts the public authorities, and these as well. */
export const trusting = (ca: string): SecureContext => createSecureContext({ ca: [...rootCertificates, ca] });

export interface TlsTrouble {
  why: string;
  hint: string;
}

/** Cause and remedy when the encrypted connection was not made; undefined = the error is none of that kind. */
export async function tlsTrouble(error: unknown, url: string, now: number): Promise<TlsTrouble | undefined> {
  const code = (error as { code?: unknown } | null)?.code;
  switch (code) {
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return outOfTime(code === 'CERT_HAS_EXPIRED', await lookAt(url), now);
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return {
        why: `its TLS certificate is for another name: ${(error as Error).message}`,
        hint: 'check secutix.url, and what the name leads to here (DNS, proxies)',
      };
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY': {
      const [cert] = await lookAt(url);
      const issuer = cert && nameOf(cert.issuer);
      return {
        why: `its TLS certificate is not trusted (${code}${issuer === undefined ? '' : `, issued by ${issuer}`})`,
        hint: 'if a proxy on the way is meant to open the connection, name its authority in secutix.caFile; otherwise somebody is listening',
      };
    }
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return {
        why: 'what answers there speaks no TLS',
        hint: 'check secutix.url: https:// or http://, and the port',
      };
    default:
      return undefined;
  }
}

/** Which certificate of the chain is out of its time, since or until when, and what the clock says here. */
function outOfTime(expired: boolean, chain: readonly DetailedPeerCertificate[], now: number): TlsTrouble {
  const hint = `${CLOCK_FIRST}; if it is right, ${expired ? RENEW : 'the certificate is not in force yet: tell SecuTix'}`;
  const bad = chain.find((c) => (expired ? Date.parse(c.valid_to) < now : Date.parse(c.valid_from) > now));
  const here = `this gate's clock says ${new Date(now).toISOString()}`;
  if (!bad) return { why: `its TLS certificate ${expired ? 'has expired' : 'is not valid yet'}; ${here}`, hint };
  const at = Date.parse(expired ? bad.valid_to : bad.valid_from);
  const whose = `its TLS certificate${bad === chain[0] ? '' : ` (of the issuer ${nameOf(bad.subject)})`}`;
  const when = new Date(at).toISOString();
  const days = Math.floor(Math.abs(now - at) / DAY);
  const since = days === 0 ? '' : `, ${days} day${days === 1 ? '' : 's'} ${expired ? 'ago' : 'from now'}`;
  return {
    why: `${whose} ${expired ? 'expired' : 'is valid only from'} ${expired ? `at ${when}` : when}${since}; ${here}`,
    hint,
  };
}

const nameOf = (subject: { CN?: string | string[]; O?: string | string[] } | undefined): string =>
  [subject?.CN ?? subject?.O ?? 'nobody'].flat().join(' ');

/**
 * The chain a server shows, its own certificate first; empty when there is no answer. Nothing is asked and nothing is sent: it is looked at
 * only to tell a person why the connection was refused.
 */
function lookAt(url: string): Promise<DetailedPeerCertificate[]> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: port === '' ? 443 : Number(port),
      ...(isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: false,
    });
    const end = (chain: DetailedPeerCertificate[]): void => {
      socket.destroy();
      resolve(chain);
    };
    socket.setTimeout(LOOK_DEADLINE, () => end([]));
    socket.once('error', () => end([]));
    socket.once('secureConnect', () => end(chainOf(socket.getPeerCertificate(true))));
  });
}

function chainOf(first: DetailedPeerCertificate): DetailedPeerCertificate[] {
  const chain: DetailedPeerCertificate[] = [];
  for (let at: DetailedPeerCertificate | undefined = first; at?.valid_to; at = at.issuerCertificate) {
    if (chain.includes(at) || chain.length >= LONGEST_CHAIN) break;
    chain.push(at);
  }
  return chain;
}
