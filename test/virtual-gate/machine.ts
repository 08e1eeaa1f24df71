/**
 * Starts the virtual machine: an emulated PC without network, whose serial lines are sockets on the host. Emulation
 * only (no KVM), so that it runs wherever CI runs.
 */
import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { MachineImage } from './image.js';

export interface MachineOptions {
  /** The command that is run in /app. It must not contain `%`, which stands for a space on the way in. */
  run: string;
  memoryMb?: number;
  /** Files that become vda, vdb ...; what is written to the last one stays, as on a disk whose plug is pulled. */
  disks?: readonly string[];
  /** Paths of the sockets that become ttyS1, ttyS2 ... of the machine; three at most. */
  serials: readonly string[];
  onLine: (line: string) => void;
}

export interface Machine {
  /** The exit value of the command, or -1 if the machine ended without telling. */
  exited: Promise<number>;
  /** Like pulling the plug. */
  kill(): void;
}

export function bootMachine(image: MachineImage, options: MachineOptions): Machine {
  if (/[%"]/.test(options.run))
    throw new Error(`this command does not survive the kernel's command line: ${options.run}`);
  if (options.serials.length > 3) throw new Error('the machine has three serial lines besides its console');
  const words = ['console=ttyS0', 'quiet', 'panic=-1', 'mitigations=off', 'nokaslr'];
  const append = [...words, `run=${options.run.replaceAll(' ', '%')}`].join(' ');
  // The kernel cuts off a longer one without a word.
  if (append.length > 2_000) throw new Error('the command is too long for the kernel');
  const args = ['-accel', 'tcg,thread=multi,tb-size=512', '-cpu', 'max', '-smp', '2'];
  args.push('-M', 'q35,i8042=off', '-m', String(options.memoryMb ?? 768));
  args.push('-display', 'none', '-no-reboot', '-nodefaults', '-no-user-config');
  args.push('-kernel', image.kernel, '-initrd', image.initrd, '-append', append);
  options.disks?.forEach((file, index, all) => {
    const keep = index === all.length - 1 ? 'cache=writeback' : 'snapshot=on';
    args.push('-drive', `file=${file.replaceAll(',', ',,')},format=raw,if=virtio,${keep}`);
  });
  if (image.disk) args.push('-drive', `file=${image.disk},format=raw,if=virtio,snapshot=on`);
  args.push('-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console');
  options.serials.forEach((path, index) => {
    args.push('-chardev', `socket,id=line${index},path=${path.replaceAll(',', ',,')},server=on,wait=off`);
    args.push('-serial', `chardev:line${index}`);
  });

  const child = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  let code = -1;
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line = text.replace(/\r/g, '');
    const exit = /GUEST-EXIT rc=(\d+)/.exec(line);
    if (exit) code = Number(exit[1]);
    options.onLine(line);
  });
  createInterface({ input: child.stderr }).on('line', (line) => options.onLine(`qemu: ${line}`));
  const exited = new Promise<number>((resolve) => {
    child.on('error', (error) => {
      options.onLine(`qemu: ${error.message}`);
      resolve(-1);
    });
    child.on('close', () => {
      process.removeListener('exit', kill);
      resolve(code);
    });
  });
  return { exited, kill };
}

/** The host's end of one of the machine's serial lines. QEMU makes the sockets a moment after its start. */
export async function connectSerial(path: string, patienceMs = 10_000): Promise<Socket> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      return await new Promise<Socket>((resolve, reject) => {
        const socket = connect(path, () => resolve(socket));
        socket.once('error', reject);
      });
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
