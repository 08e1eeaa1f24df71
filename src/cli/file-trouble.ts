import { createWriteStream, renameSync, rmSync, statSync } from 'node:fs';
import type { WriteStream } from 'node:fs';

/** What the system says of a file, for a person. */
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user may not do that with it',
  EPERM: 'this user may not do that with it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is no folder',
  EROFS: 'it is on a disk that is read only',
  ENOSPC: 'the disk is full',
};

/** A sentence for an error of the system about a file; undefined = it is none. */
export function fileTrouble(error: unknown): string | undefined {
  const { code, path: file } = (error ?? {}) as { code?: unknown; path?: unknown };
  if (typeof code !== 'string' || typeof file !== 'string') return undefined;
  const words = WORDS[code];
  return words === undefined ? undefined : `${file}: ${words} (${code})`;
}

/**
 * Writes a file whole or not at all: half an export must not look like one. What is no regular file (a pipe, /dev/stdout) is written as
 * it comes. Nobody but this user may read it.
 */
export async function wholeFile<T>(file: string, write: (out: WriteStream) => Promise<T>): Promise<T> {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there && !there.isFile()) return write(createWriteStream(file, { mode: 0o600 }));
  const part = `${file}.part`;
  const out = createWriteStream(part, { mode: 0o600 });
  const closed = new Promise<void>((resolve) => out.once('close', resolve));
  // Whoever writes hears of it.
  out.on('error', () => {});
  try {
    const result = await write(out);
    renameSync(part, file);
    return result;
  } catch (error) {
    // An opening that is still under way would make the part after it was removed.
    out.destroy();
    await closed;
    rmSync(part, { force: true });
    // The person named the file, not the part.
    if ((error as { path?: unknown }).path === part) (error as { path: unknown }).path = file;
    throw error;
  }
}
