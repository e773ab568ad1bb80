import type { BuildReport } from '../setup/images/build-images.ts';
import type { DependencyRow } from '../setup/images/find-sets.ts';
import type { ImageList } from '../setup/images/list-images.ts';
import type { PruneReport } from '../setup/images/prune-images.ts';
import type { VerifiedImage } from '../setup/images/verify-images.ts';
import { renderDuration } from '../setup/progress.ts';
import { paint, plain, renderTable } from './output.ts';

const shortLength = 12;
/** Of those that were asked for. */
const allThere = 'Each of these sandboxes has what it needs.';

export function renderImageList({ images, dependencies, notes, isReady }: ImageList): string {
  if (images.length === 0) return 'No service has a `sandbox`, so there is nothing to build.';
  const table = renderTable(
    ['IMAGE', 'STATE', 'ID', 'SIZE', 'SERVICES', 'FROM'],
    images.map(({ image, state, id, bytes, services, from }) => [
      image,
      state,
      short(id),
      size(bytes),
      services.join(', '),
      state === 'missing' || from === image ? '' : from,
    ]),
  );
  const problems = [...images, ...dependencies].filter(({ problem }) => problem !== '');
  return [
    table,
    ...renderDependencies(dependencies),
    ...problems.map((row) => `\n${'services' in row ? row.image : row.service}: ${plain(row.problem)}`),
    ...notes.map((text) => `\nNote: ${plain(text)}`),
    ...renderRemedy({ images, dependencies, isReady }),
  ].join('\n');
}

/** What `build` cannot make has its own remedy above. */
function renderRemedy({ images, dependencies, isReady }: Omit<ImageList, 'notes'>): string[] {
  if (isReady) return ['', allThere];
  const canBuild =
    images.some(({ madeBy }) => madeBy === 'build') || dependencies.some(({ state }) => state === 'to-prepare');
  const canPull = images.some(({ madeBy }) => madeBy === 'pull');
  if (!canBuild && !canPull) return [];
  return ['', `To make what can be made: resident images build${canPull ? ' --pull' : ''}`];
}

function renderDependencies(rows: readonly DependencyRow[]): string[] {
  const shown = rows.filter(({ state }) => state !== 'none');
  if (shown.length === 0) return [];
  const cells = shown.map((row) => [
    row.service,
    row.revision.slice(0, shortLength),
    row.lockfile,
    row.image,
    row.state,
    row.state === 'ready' ? short(row.key) : '',
    size(row.bytes),
  ]);
  return ['', renderTable(['DEPENDENCIES OF', 'REVISION', 'LOCKFILE', 'IMAGE', 'STATE', 'LAYER', 'SIZE'], cells)];
}

export function renderBuilt({ images, dependencies, isReady }: BuildReport): string {
  const lines = images.map(({ image, id, tag, source, bytes, durationMs, problem }) =>
    problem === ''
      ? `${paint('green', '✓')} ${image}  ${short(id)}  ${size(bytes)}  ${source ?? ''} in ${renderDuration(durationMs)}  ${tag ?? ''}`
      : `${paint('red', '✗')} ${image}  ${plain(problem)}`,
  );
  const layers = dependencies
    .filter(({ state }) => state !== 'none')
    .map(({ service, revision, lockfile, state, bytes, durationMs, problem }) => {
      const what = `${service} ${revision.slice(0, shortLength)} ${lockfile}`;
      if (problem !== '') return `${paint('red', '✗')} ${what}  ${plain(problem)}`;
      return `${paint('green', '✓')} ${what}  ${state}, ${size(bytes)} in ${renderDuration(durationMs)}`;
    });
  return [...lines, ...layers, ...(isReady ? [allThere] : [])].join('\n');
}

export function renderVerified(images: readonly VerifiedImage[]): string {
  if (images.length === 0) return 'No service has a `sandbox`, so there is nothing to verify.';
  return images
    .flatMap(({ image, id, checks, isRight }) => [
      `${isRight ? paint('green', '✓') : paint('red', '✗')} ${image}  ${short(id)}`,
      ...checks.map(({ what, ok, detail }) => `    ${ok ? '✓' : '✗'} ${what.padEnd(8)}  ${plain(detail)}`),
    ])
    .join('\n');
}

export function renderPruned({ isDryRun, images, layers, kept }: PruneReport): string {
  const freed = [...images, ...layers].reduce((sum, { bytes }) => sum + bytes, 0);
  const [removed, stays, gain] = isDryRun ? ['would remove', 'would keep', 'Would free'] : ['removed', 'kept', 'Freed'];
  return [
    ...images.map(({ id, tags, bytes }) => `${removed} image ${short(id)}  ${size(bytes)}  ${tags.join(' ')}`),
    ...layers.map(({ key, lockfile, bytes }) => `${removed} dependencies ${short(key)}  ${size(bytes)}  ${lockfile}`),
    ...kept.map(({ id, why }) => `${stays} ${short(id)}: ${plain(why)}`),
    images.length + layers.length === 0 ? 'Nothing to remove.' : `${gain} at most ${size(freed)}; images share layers.`,
  ].join('\n');
}

function short(id: string | undefined): string {
  return (id ?? '').replace('sha256:', '').slice(0, shortLength);
}

function size(bytes: number | undefined): string {
  if (bytes === undefined) return '';
  return bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`;
}
