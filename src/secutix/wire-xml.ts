import { SaxesParser } from 'saxes';

/** An element without its prefix: in SecuTix's messages names alone tell what is meant (facts: only the method is qualified). */
export interface Element {
  name: string;
  /** Namespace of the element; empty = none. */
  uri: string;
  nil: boolean;
  text: string;
  children: Element[];
}

const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
/** Of a leaf, which most elements are: a list of its own for each of them would double what a page takes. */
const NONE: Element[] = [];
const MAX_DEPTH = 64;
const MAX_ELEMENTS = 600_000;

export class BadXml extends Error {
  override readonly name = 'BadXml';
}

/**
 * Reads a document; throws `BadXml`. No document type is accepted, and so no entity of its own: nothing here can grow beyond
 * the text, and depth and number of elements are bounded.
 */
export function parseXml(text: string): Element {
  const parser = new SaxesParser({ xmlns: true, position: false });
  let root: Element | undefined;
  const open: Element[] = [];
  let count = 0;
  parser.on('error', (error) => {
    throw new BadXml(error.message);
  });
  parser.on('doctype', () => {
    throw new BadXml('a document type is not accepted');
  });
  parser.on('opentag', ({ local, uri, attributes }) => {
    if (open.length >= MAX_DEPTH) throw new BadXml(`nested deeper than ${MAX_DEPTH}`);
    if (++count > MAX_ELEMENTS) throw new BadXml(`more than ${MAX_ELEMENTS} elements`);
    const nil = Object.values(attributes).some((a) => a.uri === XSI && a.local === 'nil' && /^(true|1)$/.test(a.value));
    const element: Element = { name: local, uri, nil, text: '', children: NONE };
    const parent = open.at(-1);
    if (parent?.children === NONE) parent.children = [element];
    else parent?.children.push(element);
    root ??= element;
    open.push(element);
  });
  const add = (part: string): void => {
    const top = open.at(-1);
    if (top) top.text += part;
  };
  parser.on('text', add);
  parser.on('cdata', add);
  parser.on('closetag', () => void open.pop());
  parser.write(text).close();
  if (!root) throw new BadXml('no element');
  return root;
}

/** Members that are lists even when one or none came. */
const LISTS = new Set([
  'accessControlListItems',
  'controlOperations',
  'controlledTickets',
  'productCodes',
  'performanceCodes',
  'seasons',
  'products',
  'performances',
]);

/** The element as a plain value, as JSON would bring it: nil is null, leaves are text, what is repeated is a list. */
export function plainOf(element: Element): unknown {
  if (element.nil) return null;
  if (element.children.length === 0) return element.text;
  const plain: Record<string, unknown> = {};
  for (const child of element.children) {
    const value = plainOf(child);
    const before = Object.hasOwn(plain, child.name) ? plain[child.name] : undefined;
    // An array is always one that was begun here; copying it for each of its items would take for ever on a long one.
    if (Array.isArray(before)) {
      before.push(value);
      continue;
    }
    const next = before !== undefined ? [before, value] : LISTS.has(child.name) ? [value] : value;
    Object.defineProperty(plain, child.name, { value: next, enumerable: true, configurable: true, writable: true });
  }
  return plain;
}

export const childOf = (element: Element | undefined, name: string): Element | undefined =>
  element?.children.find((c) => c.name === name);

const FORBIDDEN =
  /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Undefined = XML 1.0 can carry the text; else why not. A barcode may hold a GS character, which it cannot. */
export function unsayable(text: string): string | undefined {
  const found = FORBIDDEN.exec(text);
  return found ? `XML cannot carry the character U+${found[0].charCodeAt(0).toString(16).padStart(4, '0')}` : undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};
export const escapeXml = (text: string): string => text.replace(/[&<>"\r]/g, (c) => ESCAPES[c] as string);

/** A value as unqualified elements, in the order of its members; null as `xsi:nil`, undefined as nothing. */
export function elementsOf(name: string, value: unknown): string {
  if (value === undefined) return '';
  if (value === null) return `<${name} xmlns:xsi="${XSI}" xsi:nil="true"/>`;
  if (Array.isArray(value)) return value.map((item) => elementsOf(name, item)).join('');
  if (typeof value === 'object') {
    const inner = Object.entries(value)
      .map(([member, v]) => elementsOf(member, v))
      .join('');
    return `<${name}>${inner}</${name}>`;
  }
  return `<${name}>${escapeXml(typeof value === 'string' ? value : JSON.stringify(value))}</${name}>`;
}

export const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const WSS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
export const WSSE = `${WSS}wssecurity-secext-1.0.xsd`;
const WSU = `${WSS}wssecurity-utility-1.0.xsd`;
const PASSWORD_TEXT = `${WSS}username-token-profile-1.0#PasswordText`;

export const namespaceOf = (version: string): string =>
  `http://${version}.ExternalAccessControlService.service.secutix.com`;

/** SOAP 1.1 with a UsernameToken, as SecuTix's sample has it. */
export function requestEnvelope(call: {
  method: string;
  namespace: string;
  username: string;
  password: string;
  parameters: object;
}): string {
  const { method, namespace, username, password, parameters } = call;
  const inner = Object.entries(parameters)
    .map(([name, value]) => elementsOf(name, value))
    .join('');
  return `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="${SOAP}" xmlns:ns="${escapeXml(namespace)}"><soapenv:Header><wsse:Security soapenv:mustUnderstand="1" xmlns:wsse="${WSSE}" xmlns:wsu="${WSU}"><wsse:UsernameToken wsu:Id="UsernameToken-1"><wsse:Username>${escapeXml(username)}</wsse:Username><wsse:Password Type="${PASSWORD_TEXT}">${escapeXml(password)}</wsse:Password></wsse:UsernameToken></wsse:Security></soapenv:Header><soapenv:Body><ns:${method}>${inner}</ns:${method}></soapenv:Body></soapenv:Envelope>`;
}
