import { describeError } from '../errors.js';

const TLS: Readonly<Record<string, string>> = {
  SELF_SIGNED_CERT_IN_CHAIN: "the broker's certificate is not of the authority in `venue.broker.ca`",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the broker's certificate is not of the authority in `venue.broker.ca`",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the broker's certificate is not of the authority in `venue.broker.ca`",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the broker's certificate is not of the authority in `venue.broker.ca`",
  CERT_SIGNATURE_FAILURE: "the broker's certificate is not of the authority in `venue.broker.ca`",
  ERR_TLS_CERT_ALTNAME_INVALID: "the broker's certificate is for another name than the one in `venue.broker.url`",
  CERT_HAS_EXPIRED: "the broker's certificate has expired, or the clock of this machine is wrong",
  CERT_NOT_YET_VALID: "the broker's certificate is not valid yet, or the clock of this machine is wrong",
};
/** MQTT 5: bad user name or password, not authorised. */
const REFUSED = [0x86, 0x87];

/** Why there is no connection to the broker, in words that say what to look at. */
export function brokerError(error: unknown): string {
  const { code } = error as { code?: unknown };
  const tls = typeof code === 'string' ? TLS[code] : undefined;
  if (tls !== undefined) return `${tls} (${describeError(error)})`;
  if (typeof code === 'number' && REFUSED.includes(code))
    return `the broker refuses this login: \`venue.broker.username\` and password (${describeError(error)})`;
  return describeError(error);
}
