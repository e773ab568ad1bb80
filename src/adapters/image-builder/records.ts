import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pid } from 'node:process';
import { z } from 'zod';
import { OutsideError } from '../outside-error.ts';

const digest = z.string().regex(/sha256:[0-9a-f]{64}$/);
const recordsSchema = z.object({
  version: z.literal(1),
  /** By the name in `sandbox.image`: the official image that stands for it, by the digest that its tag had. */
  pins: z.record(z.string(), z.object({ tag: z.string(), pinned: digest, at: z.string() })),
  /** By the name in `sandbox.image`: what was made for it. */
  made: z.record(z.string(), z.object({ tag: z.string(), id: digest, at: z.string() })),
});

export type ImageRecords = z.infer<typeof recordsSchema>;
export type ImagePin = ImageRecords['pins'][string];

const none: ImageRecords = { version: 1, pins: {}, made: {} };

/** Reads `.resident/images.json`; nothing is recorded where there is no such file. Throws `Images.BadRecords` for another file. */
export async function readRecords(file: string | undefined): Promise<ImageRecords> {
  if (file === undefined) return none;
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return none;
    throw error;
  }
  try {
    return recordsSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new OutsideError(
      `${file} does not hold records of images (${error instanceof Error ? error.message.split('\n')[0] : ''}). ` +
        'Put back its last good version, or remove it and run `resident images build` again.',
      { system: 'Images', kind: 'BadRecords', retryable: false },
      { cause: error },
    );
  }
}

/** Changes the records; a reader sees the old ones or the new ones, never a part. */
export async function changeRecords(file: string, change: (records: ImageRecords) => ImageRecords): Promise<void> {
  const records = change(await readRecords(file));
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${pid}.new`;
  await writeFile(temporary, `${JSON.stringify(records, null, 2)}\n`);
  await rename(temporary, file);
}
