/**
 * The machine whose power is cut: Debian's user-mode-linux, an unmodified kernel as an ordinary process. Its root is this machine's own files,
 * read only; its disk is a file; its serial lines are sockets. Killing it loses what a power cut loses: the kernel's page cache, the file
 * system's journal in memory, the program's buffers.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';

export interface GuestOptions {
  folder: string;
  disk: string;
  /** Shell lines, run when the disk is mounted on /run/data. */
  script: string;
  onLine: (line: string) => void;
}

export interface Guest {
  /** The other ends of ttyS0, ttyS1, ttyS2. */
  serials: [Duplex, Duplex, Duplex];
  exited: Promise<void>;
  /** Pulls the plug. */
  cut(): void;
}

const initOf = (script: string): string => `#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run NO_COLOR=1
echo GUEST-INIT
mount -t proc proc /proc
mount -t sysfs sys /sys
mountpoint -q /dev || mount -t devtmpfs dev /dev
mount -t tmpfs tmp /run
mkdir /run/data
ip link set lo up 2> /dev/null || ifconfig lo up
mount -t ext4 /dev/ubda /run/data || { echo "GUEST-FAILED the disk cannot be mounted"; echo o > /proc/sysrq-trigger; sleep 5; }
${script}
sync
echo o > /proc/sysrq-trigger
sleep 5
`;

export function startGuest(o: GuestOptions): Guest {
  const init = path.join(o.folder, 'init.sh');
  writeFileSync(init, initOf(o.script), { mode: 0o755 });
  const args = [
    'mem=512M',
    'root=/dev/root',
    'rootfstype=hostfs',
    'rootflags=/',
    'ro',
    `init=${init}`,
    'quiet',
    'panic=-1',
  ];
  args.push(
    'con=null',
    'con0=null,fd:1',
    'ssl=null',
    'ssl0=fd:3,fd:3',
    'ssl1=fd:4,fd:4',
    'ssl2=fd:5,fd:5',
    `ubd0=${o.disk}`,
  );
  // Its own group: it is several processes. Its own folder for its control sockets.
  const child: ChildProcess = spawn('linux.uml', args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: { ...process.env, HOME: o.folder, TMPDIR: '/dev/shm' },
  });
  const cut = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  };
  process.once('exit', cut);
  createInterface({ input: child.stdout as NonNullable<typeof child.stdout> }).on('line', (line) =>
    o.onLine(line.replaceAll('\r', '')),
  );
  const exited = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      o.onLine(`GUEST-FAILED ${error.message}`);
      resolve();
    });
    child.once('exit', () => {
      process.removeListener('exit', cut);
      // The helpers of a killed kernel.
      cut();
      resolve();
    });
  });
  const [, , , a, b, c] = child.stdio as unknown as Duplex[];
  for (const end of [a, b, c]) end?.on('error', () => {});
  return { serials: [a, b, c] as Guest['serials'], exited, cut };
}
