// Compiles the page's modules one by one (types are checked by `npm run typecheck`) and copies what is no TypeScript beside them.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const project = fileURLToPath(new URL('..', import.meta.url));
const from = path.join(project, 'src/diagnostics/page');
const to = path.join(project, 'dist/src/diagnostics/page');

for (const entry of readdirSync(from, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || entry.name === 'tsconfig.json') continue;
  const source = path.join(entry.parentPath, entry.name);
  const target = path.join(to, path.relative(from, source));
  mkdirSync(path.dirname(target), { recursive: true });
  if (!entry.name.endsWith('.ts')) {
    copyFileSync(source, target);
    continue;
  }
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    fileName: source,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ES2022,
      verbatimModuleSyntax: true,
      removeComments: true,
    },
  });
  writeFileSync(target.replace(/\.ts$/, '.js'), outputText);
}
