import { judge } from './answer.js';
import type { Judged, Result } from './answer.js';
import { post } from './http.js';
import type { Transport, TransportParts } from './rest.js';
import type { SecutixSettings } from './settings.js';
import { SecutixError } from './types.js';
import type { Element } from './wire-xml.js';
import { BadXml, childOf, namespaceOf, parseXml, plainOf, requestEnvelope, unsayable } from './wire-xml.js';

const REMOTING = '/tnci/external-remoting/com.secutix.facade.control.';

/** The address of the SOAP service: as configured, or beside the REST one on the same host. */
export function soapUrl({ url, version }: Pick<SecutixSettings, 'url' | 'version'>): string {
  if (url.includes('/external-remoting/')) return url;
  return `${new URL(url).origin}${REMOTING}${version}.ExternalAccessControlService.webservice`;
}

/** SOAP 1.1 with WS-Security. The same methods, parameters and results as over REST; numbers come as text. */
export function soapTransport({ settings, http, onBytes, onExchange }: TransportParts): Transport {
  const url = soapUrl(settings);
  const namespace = settings.soapNamespace ?? namespaceOf(settings.version);
  return {
    async call(method, parameters, signal) {
      refuseUnsayable(method, parameters);
      const { operator: username, secret: password } = settings;
      const envelope = requestEnvelope({ method, namespace, username, password, parameters });
      const headers = { 'content-type': 'text/xml; charset=utf-8', soapaction: '""' };
      const answer = await post(http, method, url, headers, envelope, signal);
      onBytes(answer.wireBytes);
      const text = answer.body.toString('utf8');
      onExchange?.({ method, request: parameters, status: answer.status, answer: text });
      const { status, type } = answer;
      const judged: Judged = { status, type, text, result: undefined };
      const body = bodyOf(text);
      const fault = childOf(body, 'Fault');
      if (fault) throw faultOf(method, status, fault);
      judged.result = resultOf(body, method);
      return judge(judged, { method, accepted: settings.acceptedStatusCodes, skew: http.skew });
    },
  };
}

function refuseUnsayable(method: string, value: unknown): void {
  if (typeof value === 'string') {
    const why = unsayable(value);
    // Nothing was sent; it is this data that cannot be told, and so the rest goes on without it.
    if (why !== undefined) throw new SecutixError('business', method, `${method}: ${why}`, { statusDetail: why });
  } else if (typeof value === 'object' && value !== null)
    for (const v of Object.values(value)) refuseUnsayable(method, v);
}

/** Undefined = the answer is no SOAP message. */
function bodyOf(text: string): Element | undefined {
  try {
    const root = parseXml(text);
    return root.name === 'Envelope' ? childOf(root, 'Body') : undefined;
  } catch (error) {
    if (error instanceof BadXml) return undefined;
    throw error;
  }
}

/** Body > methodResponse > one result element, whatever its name (facts: it begins with a capital letter). */
function resultOf(body: Element | undefined, method: string): Result | undefined {
  const response = body?.children.find((c) => c.name === `${method}Response`);
  const [result] = response?.children ?? [];
  const plain = result && plainOf(result);
  return typeof plain === 'object' && plain !== null ? (plain as Result) : undefined;
}

/** SecuTix's faults are not documented; the parts of a SOAP 1.1 fault are. */
function faultOf(method: string, status: number, fault: Element): SecutixError {
  const code = childOf(fault, 'faultcode')?.text.trim() ?? '';
  const says = childOf(fault, 'faultstring')?.text.trim() ?? 'no reason';
  const details = { httpStatus: status, statusCode: code, statusDetail: says };
  if (status === 509 || status === 429)
    return new SecutixError(
      'limit',
      method,
      `${method}: SecuTix says that too many calls came (HTTP ${status})`,
      details,
    );
  if (status === 401 || status === 403 || /security|authenti|InvalidSecurityToken|FailedCheck/i.test(code))
    return new SecutixError('auth', method, `${method}: SecuTix refuses operator or password: ${says}`, {
      ...details,
      hint: 'check secutix.operator and secutix.secret',
    });
  if (/dispatch method|unknown operation|no such (method|operation)/i.test(says))
    return new SecutixError('malformed', method, `${method}: the service knows no such method: ${says}`, {
      ...details,
      // As over REST: the other spelling of the method is tried.
      httpStatus: 404,
      hint: 'check secutix.version and secutix.methods',
    });
  if (/Client/.test(code)) return new SecutixError('business', method, `${method}: SecuTix says no: ${says}`, details);
  return new SecutixError('server', method, `${method}: SecuTix failed: ${says}`, details);
}
