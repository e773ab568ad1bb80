import { writeFileSync } from 'node:fs';
import { createJsonSchema } from './schema.ts';

// Run after a change of the schema: npx tsx src/config/write-schema.ts
const file = new URL('../../docs/resident.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(createJsonSchema(), null, 2)}\n`);
