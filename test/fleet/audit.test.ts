import { execFile } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/builders.js';

const PROGRAM = new URL('../../scripts/audit.mjs', import.meta.url).pathname;

/** The audit with an npm that says this. */
function audit(said: string): Promise<{ code: number; out: string }> {
  const folder = temporaryFolder();
  const npm = path.join(folder, 'npm');
  writeFileSync(npm, `#!/bin/sh\ncat <<'END'\n${said}\nEND\nexit 1\n`);
  chmodSync(npm, 0o755);
  return new Promise((resolve) => {
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH ?? ''}` };
    execFile(process.execPath, [PROGRAM], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, out: stdout + stderr }),
    );
  });
}
const counted = (total: number): object => ({ metadata: { vulnerabilities: { total }, dependencies: { prod: 91 } } });

describe('npm run audit', () => {
  it('says 0 only when the registry has answered and knows of nothing', async () => {
    expect(await audit(JSON.stringify(counted(0)))).toEqual({
      code: 0,
      out: '91 packages audited, 0 with known vulnerabilities\n',
    });
  });
  it('names what is known, and fails', async () => {
    const vulnerabilities = { left: { name: 'left', severity: 'high', range: '<2', fixAvailable: true } };
    const { code, out } = await audit(JSON.stringify({ ...counted(1), vulnerabilities }));
    expect(code).toBe(1);
    expect(out).toContain('high: left <2, a fix is there');
  });
  it.each(['{"message":"405 Method Not Allowed - POST https://registry.example/-/npm"}', 'no JSON at all'])(
    'calls a registry that cannot be asked neither clean nor bad: %s',
    async (said) => {
      const { code, out } = await audit(said);
      expect(code).toBe(3);
      expect(out).toContain('not audited');
      expect(out).not.toContain('registry.example');
    },
  );
});
