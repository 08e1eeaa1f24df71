import { isIP } from 'node:net';
import os from 'node:os';

export interface Address {
  host: string;
  port: number;
}

/** What the configured places are now: an interface's addresses come and go. */
export function addressesOf(listen: readonly string[], interfaces = os.networkInterfaces()): Address[] {
  const out = new Map<string, Address>();
  for (const place of listen) {
    const cut = place.lastIndexOf(':');
    const name = place.slice(0, cut).replace(/^\[|\]$/g, '');
    const port = Number(place.slice(cut + 1));
    const hosts =
      isIP(name) || name === 'localhost'
        ? [name === 'localhost' ? '127.0.0.1' : name]
        : (interfaces[name] ?? []).filter((i) => !i.address.startsWith('fe80')).map((i) => i.address);
    for (const host of hosts) out.set(`${host} ${port}`, { host, port });
  }
  return [...out.values()];
}

export const isLoopback = (host: string): boolean => host.startsWith('127.') || host === '::1';

/** How the page can be reached: the wildcard address is every address of the machine. */
export function reachableAt(address: Address, interfaces = os.networkInterfaces()): string[] {
  if (address.host !== '0.0.0.0' && address.host !== '::') return [address.host];
  return Object.values(interfaces)
    .flatMap((i) => i ?? [])
    .filter((i) => !i.internal && (i.family === 'IPv4' || (address.host === '::' && !i.address.startsWith('fe80'))))
    .map((i) => i.address);
}

/** A request that names another host was sent by a page of that host (DNS rebinding), or by mistake. */
export function isOurName(header: string | undefined, names: readonly string[]): boolean {
  if (header === undefined) return false;
  const name = header
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  const own = os.hostname().toLowerCase();
  return (
    isIP(name) !== 0 ||
    name === 'localhost' ||
    name === own ||
    name === `${own}.local` ||
    names.some((n) => n.toLowerCase() === name)
  );
}
