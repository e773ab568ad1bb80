import type { EvidenceStore } from '../../adapters/evidence-store.ts';
import type { PackedScript, SourceArchive } from '../../domain/reproduction/reproduction.ts';
import { fixedRevision, listChanges, type FixOrder } from '../../domain/reproduction/candidate-fix.ts';
import type { StoredProof } from '../../domain/reproduction/written-proof.ts';
import { applyDiff } from './apply-diff.ts';
import { readTree, writeTree } from './source-tree.ts';

export interface PackedProof {
  readonly script?: PackedScript;
  readonly written?: NonNullable<FixOrder['written']>;
  /** Why something of it is not used. */
  readonly notes: readonly string[];
}

/**
 * Makes what an engine wrote ready for the sandbox: its diff applied in memory to what is deployed, its script as a file that no
 * packed state of the service has. Nothing of either runs here. `commands` are those that measure the fix: their files, and the script, stay.
 */
export async function packWritten(
  store: Pick<EvidenceStore, 'get' | 'put'>,
  { by, script, fix }: StoredProof,
  deployed: SourceArchive,
  commands: readonly (readonly string[])[] = [],
): Promise<PackedProof> {
  const tree = await readTree(await store.get(deployed.digest));
  const isTaken = script !== undefined && [...tree.keys()].some((path) => collides(path, script.path));
  const notes = isTaken ? [`the script of ${by} is not used: ${script.path} is there already`] : [];
  const packedScript = script && !isTaken ? { script: { ...script, by } } : {};
  if (!fix) return { ...packedScript, notes };
  const applied = applyDiff(tree, (await store.get(fix.digest)).toString('utf8'), [
    ...commands,
    ...(script ? [script.command] : []),
  ]);
  if ('refused' in applied) return { ...packedScript, written: { by, refused: applied.refused }, notes };
  const { digest, bytes } = await store.put(await writeTree(applied.tree));
  const archive = { service: deployed.service, revision: fixedRevision, digest, bytes };
  return { ...packedScript, written: { by, archive, changes: listChanges(applied.paths, fix.digest) }, notes };
}

/** The same file, or one of the two would lie below the other. */
function collides(path: string, script: string): boolean {
  return path === script || path.startsWith(`${script}/`) || script.startsWith(`${path}/`);
}
