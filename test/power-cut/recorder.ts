import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../../', import.meta.url)).replace(/dist\/$/, '');

/** Builds the library that stands in front of the C library into `folder`; returns its path. */
export function buildRecorder(folder: string): string {
  const library = path.join(folder, 'recorder.so');
  const code = path.join(source, 'test/power-cut/barriers/recorder.cpp');
  execFileSync('g++', ['-shared', '-fPIC', '-O1', '-o', library, code, '-ldl'], { stdio: 'pipe' });
  return library;
}
