import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import type { DependencySet } from '../../domain/reproduction/dependencies.ts';
import { dependencyRecipes } from './recipes.ts';

const layerSchema = z.object({
  key: z.string().regex(/^[0-9a-f]{32}$/),
  language: z.enum(['node', 'python', 'go', 'java']),
  lockfile: z.string(),
  /** Id of the image that it was prepared in, and fits. */
  baseId: z.string(),
  bytes: z.number(),
  entries: z.number(),
  diffId: z.string().regex(/^[0-9a-f]{64}$/),
  preparedAt: z.string(),
  /** The configuration that it was prepared for; only that one may remove it. */
  preparedFor: z.string(),
  durationMs: z.number(),
  /** What was left out, for people. */
  notes: z.array(z.string()),
});

/** A prepared layer: facts beside a plain tar of the same name. */
export type PreparedLayer = Readonly<z.infer<typeof layerSchema>>;

export interface LayerStore {
  find(key: string): Promise<PreparedLayer | undefined>;
  list(): Promise<readonly PreparedLayer[]>;
  tarOf(key: string): string;
  /** Where a layer is written before it is whole. */
  temporaryOf(key: string): Promise<string>;
  keep(layer: PreparedLayer, temporary: string): Promise<void>;
  remove(key: string): Promise<void>;
}

/** Layers by key in a folder of the user's cache: images can be made from them again without a network. */
export function createLayerStore(folder: string, nameTemporary: () => string): LayerStore {
  const factsOf = (key: string) => path.join(folder, `${key}.json`);
  const tarOf = (key: string) => path.join(folder, `${key}.tar`);
  async function find(key: string): Promise<PreparedLayer | undefined> {
    try {
      // Facts of another version, or cut off, are no facts: what cannot be read is not prepared, and is prepared again.
      return layerSchema.safeParse(parseJson(await readFile(factsOf(key), 'utf8'))).data;
    } catch (error) {
      if ((error as { code?: string }).code === 'ENOENT') return undefined;
      throw error;
    }
  }
  return {
    find,
    tarOf,
    async list() {
      const names = await readdir(folder).catch(() => []);
      const keys = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -'.json'.length));
      return (await Promise.all(keys.map(find))).filter((layer) => layer !== undefined);
    },
    async temporaryOf(key) {
      await mkdir(folder, { recursive: true });
      return path.join(folder, `.${key}.${nameTemporary()}`);
    },
    async keep(layer, temporary) {
      await rename(temporary, tarOf(layer.key));
      // The facts come last: what has facts is whole.
      const facts = `${temporary}.json`;
      await writeFile(facts, `${JSON.stringify(layer, null, 2)}\n`);
      await rename(facts, factsOf(layer.key));
    },
    async remove(key) {
      await rm(factsOf(key), { force: true });
      await rm(tarOf(key), { force: true });
    },
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Names the layer of a lockfile in an image: the same inputs, image and recipe give the same key, whatever the revision. */
export function keyOf({ language, lockfile, inputs }: DependencySet, baseId: string): string {
  const { version } = dependencyRecipes[language];
  const sorted = Object.entries(inputs).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256').update(JSON.stringify([version, language, lockfile, baseId, sorted]));
  return hash.digest('hex').slice(0, 32);
}
