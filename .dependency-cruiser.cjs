/** The rooms of the design and who may import whom. `scripts/check-imports.mjs` runs this and refuses an empty run. */
const only = (name, from, allowed, extra = {}) => ({
  name,
  severity: 'error',
  from: { path: from, ...extra },
  to: { pathNot: allowed },
});
const common = ['^src/(clock|errors|log)\\.ts$'];
const node =
  '^(node:)?(fs|fs/promises|path|os|url|util|crypto|events|worker_threads|timers|timers/promises|perf_hooks|process|child_process|http|https|net|tls|tty|stream|stream/promises|buffer|zlib|readline|module|assert|string_decoder)$';
const pkg = (...names) => names.map((n) => `node_modules/${n}/`);

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('domain-is-pure', '^src/domain/', ['^src/domain/']),
    only('contract-imports-nothing', '^drivers/contract\\.ts$', ['^drivers/contract\\.ts$']),
    only('framing-imports-nothing', '^drivers/framing/', ['^drivers/framing/']),
    only('transport', '^drivers/transport/', [
      '^drivers/(contract\\.ts|transport/|framing/)',
      node,
      ...pkg('serialport', '@serialport', 'node-hid', 'onoff', 'epoll', 'koffi', 'modbus-serial'),
    ]),
    only('kit', '^drivers/kit/', [
      '^drivers/(contract\\.ts|contract-options\\.ts|transport/|framing/|kit/)',
      node,
      ...pkg('zod'),
    ]),
    only('family', '^drivers/(?!transport/|framing/|kit/)([^/]+)/', [
      '^drivers/(contract\\.ts|contract-options\\.ts|transport/|framing/|kit/)',
      '^drivers/$1/',
      node,
      // koffi: libpcsclite is a library of its own, called in the helper process only.
      ...pkg('zod', 'koffi'),
    ]),
    only('registry', '^drivers/registry\\.ts$', [
      '^drivers/contract(-options)?\\.ts',
      '^drivers/[^/]+/(options|driver)\\.ts$',
      ...pkg('zod'),
    ]),
    {
      name: 'registry-loads-drivers-lazily',
      severity: 'error',
      from: { path: '^drivers/registry\\.ts$' },
      to: { path: '^drivers/[^/]+/driver\\.ts$', dynamic: false, dependencyTypesNot: ['type-only'] },
    },
    only('store', '^src/store/', [
      '^src/store/',
      '^src/domain/',
      ...common,
      node,
      ...pkg('level', 'classic-level', 'abstract-level'),
    ]),
    only('secutix', '^src/secutix/', [
      '^src/secutix/',
      '^src/domain/',
      ...common,
      node,
      ...pkg('undici', 'jose', 'zod', 'saxes'),
    ]),
    only('lane', '^src/lane/', ['^src/lane/', '^src/domain/', '^src/store/', '^drivers/contract\\.ts$', ...common]),
    only('sync', '^src/sync/', [
      '^src/sync/',
      '^src/secutix/',
      '^src/store/',
      '^src/domain/',
      ...common,
      node,
      ...pkg('csv-parse', 'csv-stringify'),
    ]),
    // Its threads are put together in `runtime-venue-*`; of the lane it knows the claim port.
    only('venue', '^src/venue/', [
      '^src/venue/',
      '^src/domain/',
      '^src/store/',
      '^src/lane/claims\\.ts$',
      ...common,
      node,
      ...pkg('mqtt', 'zod'),
    ]),
    only('diagnostics', '^src/diagnostics/', [
      '^drivers/contract\\.ts$',
      '^src/diagnostics/',
      '^src/domain/',
      '^src/(store|lane|sync)/',
      '^src/version\\.ts$',
      ...common,
      node,
      '^src/certificates\\.ts$',
      ...pkg('hono', '@hono', 'zod', 'modern-tar'),
    ]),
    only('config', '^src/config/', [
      '^src/config/',
      '^drivers/(registry|contract|contract-options)\\.ts$',
      // The facts and operations a condition may use, which is checked when it is read.
      '^src/domain/',
      ...common,
      node,
      ...pkg('zod', 'yaml', 'json-logic-engine'),
    ]),
    only('fleet', '^src/fleet/', [
      '^src/fleet/',
      '^src/diagnostics/(read-model|vitals|fleet-report)',
      ...common,
      node,
      ...pkg('koffi'),
    ]),
    only('simulator', '^src/simulator/', [
      '^src/simulator/',
      '^src/domain/',
      '^src/secutix/wire',
      '^drivers/[^/]+/twin',
      '^drivers/contract\\.ts$',
      '^src/certificates\\.ts$',
      ...common,
      node,
      ...pkg('hono', '@hono', 'jose'),
    ]),
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      from: { pathNot: '^(src/cli/|test/)' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'nobody-imports-runtime',
      severity: 'error',
      from: { pathNot: '^(src/cli/|test/|src/runtime)' },
      to: { path: '^src/runtime' },
    },
    {
      name: 'lane-sees-types-of-the-store',
      severity: 'error',
      from: { path: '^src/lane/' },
      to: { path: '^src/store/', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    moduleSystems: ['es6', 'cjs'],
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
