import { randomUUID } from 'node:crypto';
import path from 'node:path';
import { withLock } from './lock.js';
import { readHealth, startDetached, stopProcess, waitForHealth } from './processes.js';
import { checkOutRelease, resolveRevision } from './releases.js';
import { appendLine, readState, writeState } from './shop-folder.js';

const HEALTH_LIMIT_MS = 10_000;

/**
 * Makes `revision` the one that runs and waits for its health. A revision that does not become healthy is replaced by
 * the one before. Every execution leaves a line in `ledger.jsonl`; every switch leaves one in `deploys.jsonl`.
 */
export async function deploy(shop, service, revision, { by, actionId }) {
  requireService(shop, service);
  const sha = resolveRevision(shop, service, revision);
  return withLock(shop, service, async () => {
    const previous = readState(shop, service)?.revision;
    const health = await readHealth(shop.services[service].port);
    const isThere = previous === sha && health?.revision === sha;
    witness(shop, { command: 'deploy', service, revision: sha, effect: isThere ? 'already' : 'switched', actionId });
    if (isThere) return { sha, previous, status: 'already' };
    const status = await switchTo(shop, service, sha, previous);
    const at = new Date().toISOString();
    appendLine(shop, 'deploys.jsonl', { id: newDeployId(), service, revision: sha, previous, at, by, status });
    return { sha, previous, status };
  });
}

/** Stops and starts the deployed revision. */
export async function restart(shop, service, { actionId }) {
  requireService(shop, service);
  return withLock(shop, service, async () => {
    const revision = readState(shop, service)?.revision;
    if (!revision) throw new Error(`${service} was never deployed in ${shop.folder}: deploy it first.`);
    witness(shop, { command: 'restart', service, revision, effect: 'restarted', actionId });
    await stopService(shop, service);
    if (!(await startService(shop, service, revision)))
      throw new Error(`${service} did not become healthy; see run/${service}.out.`);
    return revision;
  });
}

/** Starts a revision on an empty port, as a machine does that comes up: no deploy, so no record of one. */
export async function bringUp(shop, service, revision) {
  requireService(shop, service);
  return withLock(shop, service, async () => {
    if (!(await startService(shop, service, resolveRevision(shop, service, revision)))) {
      throw new Error(`${service} did not become healthy; see run/${service}.out in ${shop.folder}.`);
    }
  });
}

/** Ends whatever runs on the service's port, also when an earlier command was killed before it noted the process. */
export async function stopService(shop, service) {
  const marker = path.join(shop.folder, 'releases', service) + path.sep;
  const { pid } = (await readHealth(shop.services[service].port)) ?? {};
  for (const candidate of new Set([readState(shop, service)?.pid, pid])) await stopProcess(candidate, marker);
}

async function switchTo(shop, service, sha, previous) {
  checkOutRelease(shop, service, sha);
  await stopService(shop, service);
  if (await startService(shop, service, sha)) return 'succeeded';
  await stopService(shop, service);
  if (previous) await startService(shop, service, previous);
  return 'failed';
}

/** Starts a release on the service's port; false when it did not become healthy in time. */
async function startService(shop, service, revision) {
  const { port } = shop.services[service];
  const entry = path.join(checkOutRelease(shop, service, revision), 'src', 'main.js');
  const env = { ...shop.environment, PORT: String(port), REVISION: revision };
  const pid = startDetached({ name: service, entry, env, folder: shop.folder });
  writeState(shop, service, { pid, revision, port, startedAt: new Date().toISOString() });
  return (await waitForHealth(port, (answer) => answer.pid === pid, HEALTH_LIMIT_MS)) !== undefined;
}

function requireService(shop, service) {
  const known = Object.keys(shop.services);
  if (!known.includes(service)) throw new Error(`${service} is no service of this shop: ${known.join(', ')}.`);
}

function witness(shop, fields) {
  appendLine(shop, 'ledger.jsonl', { at: new Date().toISOString(), pid: process.pid, ...fields });
}

function newDeployId() {
  return `deploy-${randomUUID().slice(0, 8)}`;
}
