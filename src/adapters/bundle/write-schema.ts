import { writeFileSync } from 'node:fs';
import { createBundleSchema } from './manifest.ts';

// Run after a change of the schema: npx tsx src/adapters/bundle/write-schema.ts
const file = new URL('../../../docs/bundle.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(createBundleSchema(), null, 2)}\n`);
