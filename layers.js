import path from 'node:path';

/**
 * The architecture in one table: who may import whom under src/, and why. ESLint reads it (rule `layers/direction`) and
 * prints the reason. An entry with a slash admits one folder or file of a layer. `types` admits `import type` only; `packages`, where given, lists the only packages allowed.
 */
export const layers = {
  domain: { may: [], packages: [], why: 'Domain code is pure, so every other layer can trust it.' },
  workflows: {
    may: ['domain'],
    types: ['activities'],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    why: 'Temporal replays workflow code, so it must be deterministic. Effects belong in an activity.',
  },
  activities: {
    may: ['domain'],
    types: ['adapters'],
    why: 'Workers hand activities their adapters, so that tests can hand them fakes.',
  },
  adapters: { may: ['domain'], why: 'An adapter knows one outside system and nothing of incidents in flight.' },
  client: { may: ['domain', 'workflows'], why: 'The client is the only door into running workflows.' },
  gateway: { may: ['domain', 'client', 'config', 'logger'], why: 'The gateway turns HTTP into client calls.' },
  setup: {
    may: ['domain', 'adapters', 'config', 'logger'],
    why: 'Set-up finds and starts outside programs; it knows nothing of incidents.',
  },
  cli: {
    may: ['domain', 'client', 'setup', 'config', 'logger', 'adapters/bundle', 'adapters/evidence-store'],
    why: 'The CLI turns commands into client calls, and starts processes through set-up; of adapters it has those of the files that it reads and writes for people.',
  },
  workers: {
    may: ['domain', 'activities', 'adapters', 'setup', 'config', 'logger'],
    why: 'A worker is where parts are put together.',
  },
  config: { may: ['domain'], why: 'Config reads the environment and resident.yaml once, for everybody.' },
  logger: { may: [], why: 'The logger stands alone.' },
};

const src = path.resolve(import.meta.dirname, 'src');

/** Whether an entry of the table admits a file: by its layer, or by the one folder or file of a layer that the entry names. */
function admits(entry, file) {
  const target = path.relative(src, file).split(path.sep).join('/').replace(/\.ts$/, '');
  return entry.includes('/') ? target === entry || target.startsWith(`${entry}/`) : layerOf(file) === entry;
}

/** The layer of a file under src/: its first folder, or its own name for src/config.ts and src/logger.ts. */
export function layerOf(file) {
  return path.relative(src, file).split(path.sep)[0].replace(/\.ts$/, '');
}

const direction = {
  meta: { type: 'problem', schema: [], messages: { no: '{{from}} may not import {{to}}{{hint}}. {{why}}' } },
  create(context) {
    const from = layerOf(context.filename);
    const layer = layers[from];
    if (!layer) return {};
    const check = (node) => {
      if (!node.source) return;
      const name = node.source.value;
      const isType = (node.importKind ?? node.exportKind) === 'type';
      const isLocal = name.startsWith('.');
      const file = path.resolve(path.dirname(context.filename), name);
      const to = isLocal ? layerOf(file) : name;
      const isAllowed = isLocal
        ? to === from || layer.may.some((entry) => admits(entry, file)) || (isType && layer.types?.includes(to))
        : !layer.packages || layer.packages.includes(name);
      const hint = layer.types?.includes(to) ? ' except with `import type`' : '';
      if (!isAllowed) context.report({ node, messageId: 'no', data: { from, to, hint, why: layer.why } });
    };
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check };
  },
};

export default { rules: { direction } };
