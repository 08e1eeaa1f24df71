/** Runs a line of a Dockerfile in a stage's folder: a mount namespace of its own, so that no mount is left behind however it ends. */
import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { run } from '../virtual-gate/shell.js';
import type { BuiltImage } from './dockerfile.js';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a builder lends a step and never leaves in the image: name resolution, certificates, npm's settings and its cache. */
function lent(): [string, string][] {
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  const npmrc = path.join(homedir(), '.npmrc');
  const global = '/etc/npmrc';
  const pairs: [string, string][] = [
    ['/etc/resolv.conf', '/etc/resolv.conf'],
    ['/etc/hosts', '/etc/hosts'],
    [bundle, '/mnt/certificates.crt'],
    [npmrc, '/mnt/npmrc'],
    [global, '/mnt/npmrc-global'],
    [path.join(homedir(), '.npm'), '/mnt/npm-cache'],
  ];
  return pairs.filter(([from]) => existsSync(from)).map(([from, to]) => [realpathSync(from), to]);
}

const SCRIPT = `
root="$1"; workdir="$2"; line="$3"; shift 3
mount -t tmpfs tmpfs "$root/mnt"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/tmp"
while [ "$#" -gt 0 ]; do
  if [ -d "$1" ]; then mkdir -p "$root$2"; else [ -e "$root$2" ] || : > "$root$2"; fi
  mount --bind "$1" "$root$2"
  shift 2
done
exec chroot "$root" sh -c 'cd "$1" && exec sh -c "$2"' sh "$workdir" "$line"
`;

export async function runIn(image: BuiltImage, line: string, extra: Record<string, string> = {}): Promise<string> {
  const pairs = lent();
  const has = (target: string): boolean => pairs.some(([, to]) => to === target);
  const env: Record<string, string> = {
    PATH,
    HOME: '/root',
    DEBIAN_FRONTEND: 'noninteractive',
    npm_config_nodedir: '/usr/local',
    ...(has('/mnt/npmrc') && { npm_config_userconfig: '/mnt/npmrc' }),
    ...(has('/mnt/npmrc-global') && { npm_config_globalconfig: '/mnt/npmrc-global' }),
    ...(has('/mnt/npm-cache') && { npm_config_cache: '/mnt/npm-cache' }),
    ...(has('/mnt/certificates.crt') && {
      NODE_EXTRA_CA_CERTS: '/mnt/certificates.crt',
      npm_config_cafile: '/mnt/certificates.crt',
    }),
    ...image.env,
    ...extra,
  };
  for (const name of ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  return run(
    'env',
    [
      '-i',
      ...assignments,
      'unshare',
      '--mount',
      'sh',
      '-euc',
      SCRIPT,
      'sh',
      image.root,
      image.workdir,
      line,
      ...pairs.flat(),
    ],
    { timeoutMs: 400_000 },
  );
}
