/** USB HID relay boards 16C0:05DF (www.dcttech.com, product `USBRelayN`): feature reports of eight bytes behind report ID 0. */
export const VENDOR_ID = 0x16c0;
export const PRODUCT_ID = 0x05df;

export const encodeRelay = (relay: number, on: boolean): number[] => [0, on ? 0xff : 0xfd, relay, 0, 0, 0, 0, 0, 0];
export const ALL_OFF: readonly number[] = [0, 0xfc, 0, 0, 0, 0, 0, 0, 0];
export const STATE_REPORT = { id: 1, length: 9 } as const;

/**
 * State report: five characters of serial text, then bit k of the last byte = relay k+1. Linux puts a report ID in front or not, by
 * kernel; the text tells which.
 */
export function decodeState(report: Uint8Array): { serial: string; mask: number } | undefined {
  const at = report.length >= 9 ? 1 : 0;
  for (const start of [0, at]) {
    const text = Buffer.from(report.subarray(start, start + 5)).toString('latin1');
    if (/^[\x21-\x7e]{5}$/.test(text) && report.length >= start + 8)
      return { serial: text, mask: report[start + 7] as number };
  }
  return undefined;
}

/** Number of relays by the product text; undefined = it does not say. */
export function relayCount(product: string | undefined): number | undefined {
  const match = /USBRelay(\d+)/i.exec(product ?? '');
  return match ? Number(match[1]) : undefined;
}
