import type { Element } from '../secutix/wire-xml.js';
import { childOf, elementsOf, escapeXml, namespaceOf, parseXml, plainOf, SOAP, WSSE } from '../secutix/wire-xml.js';
import type { Account, Accounts } from './auth.js';

const PATH =
  /^\/tnci\/external-remoting\/com\.secutix\.facade\.control\.(v1_[0-6])\.ExternalAccessControlService\.webservice$/;

/** The version in a SOAP address; undefined = it is none. */
export const soapVersion = (path: string): string | undefined => PATH.exec(path)?.[1];

/** Name of the result element of each method (facts: only the catalogue's is known, the others follow its pattern). */
const RESULTS: Readonly<Record<string, string>> = {
  getAccessControlCatalog: 'AccessControlCatalogResult',
  exportList: 'AccessControlListResult',
};

export interface SoapCall {
  method: string;
  body: Record<string, unknown>;
  security: Element | undefined;
}

/** A text = why it is no call of this service. */
export function readCall(text: string, version: string): SoapCall | string {
  let root: Element;
  try {
    root = parseXml(text);
  } catch (error) {
    return (error as Error).message;
  }
  if (root.name !== 'Envelope' || root.uri !== SOAP) return 'no SOAP 1.1 envelope';
  const [call] = childOf(root, 'Body')?.children ?? [];
  if (!call) return 'the body is empty';
  // With and without a slash at the end: clients and samples have both.
  if (call.uri.replace(/\/$/, '') !== namespaceOf(version))
    return `Cannot find dispatch method for {${call.uri}}${call.name}`;
  const plain = plainOf(call);
  const body = typeof plain === 'object' && plain !== null ? (plain as Record<string, unknown>) : {};
  return { method: call.name, body, security: childOf(childOf(root, 'Header'), 'Security') };
}

/** The account a UsernameToken speaks for; a text = why it is refused. */
export function accountOfUser(security: Element | undefined, accounts: Accounts): Account | string {
  if (security?.uri !== WSSE) return 'no WS-Security header';
  const token = childOf(security, 'UsernameToken');
  const account = accounts.get(childOf(token, 'Username')?.text ?? '');
  const password = childOf(token, 'Password')?.text;
  return account?.secret === password && account ? account : 'The security token could not be authenticated';
}

/** `requestId` as a number where it is one, as the REST side gets it. */
export const envelope = (inner: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><S:Envelope xmlns:S="${SOAP}"><S:Body>${inner}</S:Body></S:Envelope>`;

export function resultEnvelope(version: string, method: string, result: object): string {
  const name = RESULTS[method] ?? `${method.charAt(0).toUpperCase()}${method.slice(1)}Result`;
  const response = `<ns2:${method}Response xmlns:ns2="${namespaceOf(version)}">${elementsOf(name, result)}</ns2:${method}Response>`;
  return envelope(response);
}

export const faultEnvelope = (code: string, says: string): string =>
  envelope(
    `<S:Fault xmlns:wsse="${WSSE}"><faultcode>${escapeXml(code)}</faultcode><faultstring>${escapeXml(says)}</faultstring></S:Fault>`,
  );
