// Builds dist/portillon_<version>_<arch>.deb: the compiled gate, its production packages and the Node that runs this script, for machines
// without balena. Needs dpkg-deb, and `npm run build` before it.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyProductionModules } from './production-modules.mjs';

const project = fileURLToPath(new URL('..', import.meta.url));
const { version: own, description } = JSON.parse(readFileSync(path.join(project, 'package.json'), 'utf8'));
// A test builds a later one out of the same files.
const version = process.env.PACKAGE_VERSION ?? own;
// And an older one out of an older build.
const dist = path.resolve(process.env.PACKAGE_DIST ?? path.join(project, 'dist'));
const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch];
if (!arch) throw new Error(`no package for ${process.arch}`);
if (!existsSync(path.join(dist, 'src/cli/main.js'))) throw new Error('there is no dist/: run `npm run build` first');

const root = path.join(project, 'dist/deb');
rmSync(root, { recursive: true, force: true });
const put = (target, text, mode = 0o644) => {
  const file = path.join(root, target);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
};
const copy = (source, target, options = {}) => {
  mkdirSync(path.dirname(path.join(root, target)), { recursive: true });
  cpSync(path.join(project, source), path.join(root, target), { recursive: true, ...options });
};

copyProductionModules(project, path.join(root, 'opt/portillon'));
for (const part of ['src', 'drivers'])
  cpSync(path.join(dist, part), path.join(root, `opt/portillon/dist/${part}`), { recursive: true });
for (const file of ['package.json', 'README.md', 'LICENSE', 'docs/configuration.md'])
  copy(file, `opt/portillon/${file}`);
mkdirSync(path.join(root, 'opt/portillon/bin'), { recursive: true });
cpSync(process.execPath, path.join(root, 'opt/portillon/bin/node'), { dereference: true });
execFileSync('strip', [path.join(root, 'opt/portillon/bin/node')], { stdio: 'ignore' });
copy('deploy/systemd/portillon.service', 'lib/systemd/system/portillon.service');
if (existsSync(path.join(project, 'deploy/udev'))) copy('deploy/udev', 'lib/udev/rules.d');
put(
  'usr/bin/portillon',
  '#!/bin/sh\nexec env MALLOC_ARENA_MAX=2 /opt/portillon/bin/node --single-threaded-gc --max-semi-space-size=4 /opt/portillon/dist/src/cli/main.js "$@"\n',
  0o755,
);
const example = execFileSync(process.execPath, [path.join(project, 'dist/src/cli/main.js'), 'config', 'example'], {
  encoding: 'utf8',
});
put('usr/share/portillon/gate.yaml.example', example.replace('data: ./data', 'data: /var/lib/portillon'));
const size = Number(execFileSync('du', ['-sk', root], { encoding: 'utf8' }).split('\t')[0]);

put(
  'DEBIAN/control',
  `Package: portillon
Version: ${version}
Architecture: ${arch}
Maintainer: The Portillon maintainers <portillon@example.org>
Depends: libc6 (>= 2.34), libstdc++6, libudev1, libusb-1.0-0, adduser
Recommends: libsystemd0, udev
Suggests: pcscd, libpcsclite1, libccid
Section: admin
Priority: optional
Installed-Size: ${size}
Description: ${description.split(':')[0]}
 ${description}
`,
);
// The group of the devices may be missing on a bare system; the unit names them all.
put(
  'DEBIAN/postinst',
  `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if ! getent passwd portillon > /dev/null; then
    adduser --system --group --no-create-home --home /var/lib/portillon --quiet portillon
  fi
  for group in dialout plugdev input gpio; do
    getent group $group > /dev/null || addgroup --system --quiet $group
    adduser --quiet portillon $group > /dev/null
  done
  install -d -o portillon -g portillon -m 0700 /var/lib/portillon
  install -d -o root -g portillon -m 0750 /etc/portillon
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    udevadm control --reload > /dev/null 2>&1 || true
    systemctl enable portillon.service > /dev/null 2>&1 || true
    # Without a configuration there is nothing to start.
    if [ -f /etc/portillon/gate.yaml ]; then systemctl restart portillon.service || true; fi
  fi
  [ -f /etc/portillon/gate.yaml ] || echo "portillon: write /etc/portillon/gate.yaml (an example is in /usr/share/portillon), then: systemctl start portillon"
fi
`,
  0o755,
);
put(
  'DEBIAN/prerm',
  `#!/bin/sh
set -e
if [ -d /run/systemd/system ] && [ "$1" = remove ]; then systemctl disable --now portillon.service || true; fi
# An older release takes the data over: they are left in the format it knows. Without that nothing is replaced.
if [ "$1" = upgrade ] && dpkg --compare-versions "$2" lt "${version}" && [ -f /etc/portillon/gate.yaml ]; then
  if [ -d /run/systemd/system ]; then systemctl stop portillon.service || true; fi
  runuser -u portillon -- /usr/bin/portillon data leave --for "$2" --config /etc/portillon/gate.yaml
fi
`,
  0o755,
);
// The journal is evidence: only a purge that says so deletes it.
put(
  'DEBIAN/postrm',
  `#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
if [ "$1" = purge ]; then
  rm -rf /var/lib/portillon /etc/portillon
  deluser --quiet --system portillon 2> /dev/null || true
fi
`,
  0o755,
);
const deb = path.join(project, `dist/portillon_${version}_${arch}.deb`);
execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '-z1', '--build', root, deb], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
rmSync(root, { recursive: true });
console.log(path.relative(process.cwd(), deb));
