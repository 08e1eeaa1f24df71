// Writes the JSON Schemas of the venue's messages into docs/venue, from the schemas that check them (dist must be built).
import { mkdirSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { SCHEMAS } from '../dist/src/venue/topics.js';

mkdirSync('docs/venue', { recursive: true });
for (const [name, schema] of Object.entries(SCHEMAS)) {
  const json = { title: `${name}/1`, ...z.toJSONSchema(schema, { io: 'input' }) };
  writeFileSync(`docs/venue/${name}.schema.json`, `${JSON.stringify(json, null, 2)}\n`);
}
