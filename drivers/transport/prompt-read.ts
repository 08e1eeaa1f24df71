import { readSync } from 'node:fs';

/** What serialport's Linux binding is inside, as far as it is used here. */
interface PolledPort {
  readonly fd: number | null;
  readonly isOpen: boolean;
  readonly poller: { once(event: 'readable', listener: (error: Error | null) => void): unknown };
  read(buffer: Buffer, offset: number, length: number): Promise<{ buffer: Buffer; bytesRead: number }>;
}

const isPolled = (port: unknown): port is PolledPort =>
  typeof port === 'object' && port !== null && 'poller' in port && 'fd' in port;

/**
 * Lets an open port read as soon as the kernel says that bytes are there. serialport reads through the thread pool, twice a
 * chunk; a code would wait there behind the disk. Other systems' bindings are left as they are.
 *
 * Every read waits for the kernel first and then takes what is there once: a flood never keeps the event loop.
 */
export function readPromptly(port: unknown): void {
  if (!isPolled(port)) return;
  port.read = async (buffer, offset, length) => {
    for (;;) {
      if (!port.isOpen || port.fd === null) throw canceled();
      await new Promise<void>((resolve, reject) => {
        port.poller.once('readable', (error) => (error ? reject(error) : resolve()));
      });
      // Closed while waiting: the descriptor may be another file's by now.
      const { fd } = port;
      if (!port.isOpen || fd === null) throw canceled();
      try {
        const bytesRead = readSync(fd, buffer, offset, length, null);
        // A terminal says "nothing yet" by EAGAIN; nothing at all is its hang-up.
        if (bytesRead === 0) throw new Error('the device hung up');
        return { buffer, bytesRead };
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'EAGAIN' && code !== 'EINTR') throw error;
      }
    }
  };
}

/** serialport's own mark of a read that ended because the port was closed. */
function canceled(): Error {
  return Object.assign(new Error('the port is not open'), { canceled: true });
}
