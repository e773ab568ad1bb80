import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import type { DependencyChoice } from '../../domain/reproduction/dependencies.ts';
import type { GroupOrder, GroupReport, PackedSource, RunOrder, RunReport, Sandbox } from '../docker/sandbox.ts';
import { packedAt, withoutEnd } from '../docker/sources.ts';
import type { Dependencies, FoundLayer } from './dependencies.ts';
import type { PreparedLayer } from './layer-store.ts';
import { readManifests, type TreeManifests } from './manifests.ts';
import { folderOf } from './prepare.ts';
import { dependencyRecipes } from './recipes.ts';

type Runs = Pick<Sandbox, 'run' | 'runGroup'>;
type Prepared = Pick<Dependencies, 'find' | 'imageWith'>;
type ChoiceOf = (service: string) => DependencyChoice | undefined;

/** Trees whose manifests are remembered; a reproduction has a few dozen. */
const mostTrees = 200;

/**
 * The same sandbox, with each run's image chosen by the lockfiles of its sources: a layer of installed dependencies lies under
 * it where one was prepared. Where none was, it runs without, and the report's note says so and what to do. A service of a group
 * gets its own dependencies alone; beside a command all sources have theirs, those of the service that it runs in first.
 */
export function withDependencies<T extends Runs>(sandbox: T, dependencies: Prepared, choiceOf: ChoiceOf): T {
  const trees = new Map<string, Promise<TreeManifests>>();
  const read = ({ service, treeDigest, entries }: PackedSource) => {
    const known = trees.get(treeDigest);
    if (known) return known;
    const manifests = readManifests(entries, `${service}/`);
    trees.set(treeDigest, manifests);
    // What could not be read once may be read the next time.
    manifests.catch(() => trees.delete(treeDigest));
    const [oldest] = trees.keys();
    if (trees.size > mostTrees && oldest !== undefined) trees.delete(oldest);
    return manifests;
  };
  const choose = (imageId: string, sources: readonly PackedSource[]) =>
    chooseImage(dependencies, { imageId, sources, choiceOf, read });
  return {
    ...sandbox,
    async run(order: RunOrder): Promise<RunReport> {
      const { imageId, links, note } = await choose(order.imageId, putFirst(order.workService, order.sources));
      const report = await sandbox.run({ ...order, imageId, sources: [...order.sources, ...links] });
      return {
        ...report,
        ...(note === '' ? {} : { note }),
        ...(imageId === order.imageId ? {} : { layeredImageId: imageId }),
      };
    },
    async runGroup(order: GroupOrder): Promise<GroupReport> {
      const choices = await Promise.all(order.members.map(({ imageId, sources }) => choose(imageId, sources)));
      const members = order.members.map((member, at) => {
        const { imageId, links } = choices[at]!;
        return { ...member, imageId, sources: [...member.sources, ...links] };
      });
      const report = await sandbox.runGroup({ ...order, members });
      const note = choices
        .map((choice) => choice.note)
        .filter(Boolean)
        .join(' ');
      const layered = members.filter(({ imageId }, at) => imageId !== order.members[at]?.imageId);
      const layeredImageIds = Object.fromEntries(layered.map(({ service, imageId }) => [service, imageId]));
      return { ...report, ...(note === '' ? {} : { note }), ...(layered.length === 0 ? {} : { layeredImageIds }) };
    },
  };
}

/** Neighbours come in one order, so that runs of the same services share one image. */
function putFirst(workService: string, sources: readonly PackedSource[]): readonly PackedSource[] {
  const own = sources.filter(({ service }) => service === workService);
  const others = sources.filter(({ service }) => service !== workService);
  return [...own, ...others.toSorted((a, b) => (a.service < b.service ? -1 : 1))];
}

interface Choice {
  readonly imageId: string;
  readonly links: readonly PackedSource[];
  readonly note: string;
}

interface Question {
  readonly imageId: string;
  readonly sources: readonly PackedSource[];
  readonly choiceOf: ChoiceOf;
  readonly read: (source: PackedSource) => Promise<TreeManifests>;
}

async function chooseImage(dependencies: Prepared, { imageId, sources, choiceOf, read }: Question): Promise<Choice> {
  const layers = new Map<string, PreparedLayer>();
  const links: PackedSource[] = [];
  const notes: string[] = [];
  for (const source of sources) {
    const { manifests, top } = await read(source);
    const one = await dependencies.find(imageId, manifests, choiceOf(source.service));
    const missing = describeMissing(source.service, one);
    if (missing !== '') notes.push(missing);
    if (!one.layer) continue;
    layers.set(one.layer.key, one.layer);
    const link = dependencyRecipes[one.layer.language].link?.(folderOf(one.layer.language, one.layer.key));
    if (link && !top.has(link.name)) links.push(await packLink(source.service, link));
  }
  const chosen = layers.size === 0 ? imageId : await dependencies.imageWith(imageId, [...layers.values()]);
  return { imageId: chosen, links, note: notes.join(' ') };
}

/** What a run lacks for want of a prepared layer, and what to do; empty when it lacks nothing. */
export function describeMissing(service: string, { found, layer }: FoundLayer): string {
  switch (found.kind) {
    case 'none':
      return '';
    case 'unsupported':
      return `The dependencies of ${service} (${found.lockfile}) are not in the sandbox. ${found.why}`;
    case 'set':
      if (layer) return '';
      return (
        `The dependencies of ${service} at this state of its ${found.lockfile} are not prepared. ` +
        `Run \`resident images build ${service}\`: the sandbox has no network to fetch them.`
      );
  }
}

async function packLink(service: string, { name, target }: { name: string; target: string }): Promise<PackedSource> {
  const tar = pack();
  const bytes = buffer(tar);
  tar.entry({ name: `${service}/${name}`, type: 'symlink', linkname: target, mode: 0o777, mtime: packedAt });
  tar.finalize();
  const entries = withoutEnd(await bytes);
  return { service: `${service}/${name}`, treeDigest: '', entries, unpackedBytes: 0, files: 1 };
}
