import type { DeployRecords } from '../../adapters/deploy-records.ts';
import type { CommitHead, Git } from '../../adapters/git/git.ts';
import { completeDeploys, listDeploysWithin } from '../../domain/evidence/deploys.ts';
import type { Change, Deploy } from '../../domain/evidence/evidence.ts';
import type { ServiceSettings } from '../../domain/settings.ts';
import { countOf, sanitizeText, toOneLine } from '../../domain/text.ts';
import type { CollectInput, ObserveActivities } from '../contract.ts';
import { mapInTurns, notConfigured, recordEvidence, type Collected, type EvidencePorts } from './record-evidence.ts';

export interface CollectChangesPorts extends EvidencePorts {
  readonly services: Readonly<Record<string, ServiceSettings>>;
  readonly git: Git;
  /** Commits deployed within the window count, however old they are; without records only commits of the window do. */
  readonly deployRecords?: DeployRecords;
}

const limits = { commits: 150, diffChars: 3_000_000, atOnce: 4 } as const;

/** Reads what changed in a service: commits that entered its main line in the window, and commits that were deployed in it. */
export function createCollectChanges(ports: CollectChangesPorts): ObserveActivities['collectChanges'] {
  return async (input) => {
    const settings = ports.services[input.service];
    const source = settings?.source;
    const query = `commits between ${input.window.from} and ${input.window.to}`;
    return recordEvidence(ports, input, { kind: 'changes', source: `git ${source ?? ''}`.trim(), query }, async () => {
      if (settings === undefined || source === undefined) {
        const remedy = `Add \`source\` (a path or Git URL) to the service ${input.service} in resident.yaml.`;
        return notConfigured(input.service, 'source', remedy);
      }
      const found = await listCandidates(ports, settings, source, input);
      const own = await describe(input, ports, source, query, found);
      const repository = settings.actions['config.rollback']?.repository;
      return repository === undefined || repository === source ? own : addConfiguration(ports, input, repository, own);
    });
  };
}

/** A configuration of its own repository takes effect by a reload, so its commits of the window count without a deploy. */
async function addConfiguration(
  ports: CollectChangesPorts,
  input: CollectInput,
  repository: string,
  own: Collected,
): Promise<Collected> {
  const query = `${own.query ?? ''}; configuration in ${repository}`;
  try {
    const ids = await ports.git.listWithin(repository, input.window);
    const heads = ids.length > 0 ? await ports.git.readCommits(repository, ids) : [];
    const newest = heads.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at)).slice(-limits.commits);
    const configured = await readChanges(ports, repository, input.service, newest);
    if (configured.length === 0) return { ...own, query };
    const known = own.body?.kind === 'changes' ? own.body.changes : [];
    const changes = [...known, ...configured].toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
    const count = `${countOf(configured.length, 'commit')} of its configuration`;
    return {
      ...own,
      outcome: 'found',
      summary: own.outcome === 'found' ? `${own.summary}; ${count}` : count,
      query,
      body: { kind: 'changes', service: input.service, changes },
    };
  } catch (error) {
    return { ...own, query, notes: [...(own.notes ?? []), `its configuration was not read: ${wordsOf(error)}`] };
  }
}

interface Candidates {
  readonly ids: readonly string[];
  readonly within: number;
  /** Ranges that deploys of the window brought, as `old..new (deploy id)`. */
  readonly ranges: readonly string[];
  readonly notes: readonly string[];
}

async function listCandidates(
  { git, deployRecords }: CollectChangesPorts,
  settings: ServiceSettings,
  source: string,
  input: CollectInput,
): Promise<Candidates> {
  const within = await git.listWithin(source, input.window);
  const ids: string[] = [];
  const ranges: string[] = [];
  const notes: string[] = [];
  const { deploys, note } = await readDeploys(deployRecords, settings, input);
  if (note) notes.push(note);
  for (const deploy of deploys) {
    if (deploy.previous === undefined || deploy.previous === deploy.revision) continue;
    try {
      const brought = await git.listBetween(source, deploy.previous, deploy.revision);
      ids.push(...brought);
      const range = `${deploy.previous.slice(0, 10)}..${deploy.revision.slice(0, 10)}`;
      if (brought.length === 0) notes.push(`deploy ${deploy.id} went back: ${range} brings no commit`);
      else ranges.push(`${range} (deploy ${deploy.id})`);
    } catch (error) {
      notes.push(`the commits of deploy ${deploy.id} could not be listed: ${wordsOf(error)}`);
    }
  }
  return { ids: [...new Set([...ids, ...within])], within: within.length, ranges, notes };
}

async function readDeploys(
  deployRecords: DeployRecords | undefined,
  settings: ServiceSettings,
  { window }: CollectInput,
): Promise<{ deploys: readonly Deploy[]; note?: string }> {
  if (!deployRecords || settings.deploysFile === undefined) return { deploys: [] };
  try {
    const { deploys } = await deployRecords.read(settings.deploysFile, settings.name);
    return { deploys: listDeploysWithin(completeDeploys(deploys), window) };
  } catch (error) {
    return {
      deploys: [],
      note: `deploys were not read, so commits deployed in the window may be missing: ${wordsOf(error)}`,
    };
  }
}

async function describe(
  input: CollectInput,
  ports: CollectChangesPorts,
  source: string,
  query: string,
  { ids, within, ranges, notes }: Candidates,
): Promise<Collected> {
  const asked = [query, ...ranges].join('; ');
  if (ids.length === 0) {
    return { outcome: 'empty', summary: 'no commit in the window, and none deployed in it', query: asked, notes };
  }
  const heads = (await ports.git.readCommits(source, ids)).toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  const newest = heads.slice(-limits.commits);
  const left = heads.length > newest.length ? [`kept the newest ${newest.length} of ${heads.length} commits`] : [];
  const changes = await readChanges(ports, source, input.service, newest);
  const last = changes.at(-1);
  if (!last) {
    return { outcome: 'empty', summary: 'only merges that changed nothing themselves', query: asked, notes };
  }
  return {
    outcome: 'found',
    summary: `${countOf(changes.length, 'commit')}, ${within} of them committed in the window; newest ${last.id.slice(0, 10)} "${toOneLine(last.subject, 80)}"`,
    query: asked,
    body: { kind: 'changes', service: input.service, changes },
    notes: [...notes, ...left],
  };
}

async function readChanges(
  { git, redact }: CollectChangesPorts,
  source: string,
  service: string,
  heads: readonly CommitHead[],
): Promise<readonly Change[]> {
  let room: number = limits.diffChars;
  const clean = (text: string, limit: number) => redact(sanitizeText(text, limit));
  // Newest first, so that where room ends the oldest commits lose their diffs.
  const read = await mapInTurns(heads.toReversed(), limits.atOnce, async (head): Promise<Change | undefined> => {
    const files = await git.readDiff(source, head.id);
    // A merge without changes of its own says nothing that its commits do not.
    if (head.parents.length > 1 && files.length === 0) return undefined;
    const cut = files.map((file) => {
      const diff = room > 0 ? clean(file.diff, 30_000) : '(left out: the diffs of newer commits filled the limit)';
      room -= diff.length;
      return { path: clean(file.path, 500), diff };
    });
    return {
      service,
      id: head.id,
      author: clean(head.author, 200),
      at: head.at,
      subject: clean(head.subject, 300),
      body: clean(head.body, 4_000),
      files: cut,
      ...(head.parents[0] === undefined ? {} : { parent: head.parents[0] }),
    };
  });
  return read.filter((change) => change !== undefined).toReversed();
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
