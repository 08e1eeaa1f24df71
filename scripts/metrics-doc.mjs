// Prints docs/metrics.md from the table of metrics (dist must be built): `node scripts/metrics-doc.mjs > docs/metrics.md`.
import { METRICS } from '../dist/src/diagnostics/metrics.js';

const escape = (text) => text.replaceAll('|', '\\|');
console.log(`# Metrics

A gate and a hub serve metrics for Prometheus (text exposition format 0.0.4) in two ways:

- **on the page**, \`/metrics\` (also \`/api/metrics\`), with the rights of a viewer: the viewer's PIN as bearer token;
- **on addresses of their own**, \`diagnostics.metrics: [10.0.5.1:9464]\`, in plain HTTP and without a login, for a network that only
  the scraper reaches. Nothing but \`/metrics\` is served there. No code of a ticket is in any metric.

\`\`\`yaml
scrape_configs:
  - job_name: portillon
    scheme: https
    authorization: { credentials_file: /etc/prometheus/portillon-viewer-pin }
    # The gate's own certificate, from its data folder; or its authority.
    tls_config: { ca_file: /etc/prometheus/portillon-ca.pem }
    static_configs: [{ targets: ['10.0.5.11:8080', '10.0.5.12:8080'] }]
\`\`\`

A gate that is scraped by a name must know it: \`diagnostics.names\`. Worth an alarm: \`portillon_health == 2\`,
\`portillon_gate_joined == 0\`, \`portillon_double_entries > 0\`, \`portillon_list_age_seconds > 900\`, \`portillon_queue_depth\` that only
grows, \`portillon_hub_serving == 0\`, and \`absent(portillon_info)\`.

| metric | type | labels | what |
| --- | --- | --- | --- |`);
for (const { name, type, labels = [], help } of METRICS)
  console.log(`| \`${name}\` | ${type} | ${labels.map((l) => `\`${l}\``).join(', ')} | ${escape(help)} |`);
console.log(`
Made from \`src/diagnostics/metrics.ts\` (\`npm run docs:metrics\`). Metrics of a venue are there only at its gates and its hub; a value that
is not known is missing, never 0.`);
