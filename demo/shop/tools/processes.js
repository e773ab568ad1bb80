import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';

const STOP_GRACE_MS = 4000;

/** Starts `node <entry>` so that it outlives this command; what it prints by itself goes to `<logFolder>/<name>.out`. */
export function startDetached({ name, entry, env, folder }) {
  mkdirSync(path.join(folder, 'run'), { recursive: true });
  const out = openSync(path.join(folder, 'run', `${name}.out`), 'a');
  const child = spawn(process.execPath, [entry], {
    cwd: path.dirname(path.dirname(entry)),
    env: { PATH: process.env.PATH, ...env },
    detached: true,
    stdio: ['ignore', out, out],
  });
  child.unref();
  closeSync(out);
  return child.pid;
}

/** Ends a process, first kindly, after checking by its command line that it is still the one that we started. */
export async function stopProcess(pid, marker) {
  if (!isOurs(pid, marker)) return false;
  kill(pid, 'SIGTERM');
  const deadline = Date.now() + STOP_GRACE_MS;
  while (isOurs(pid, marker) && Date.now() < deadline) await pause(20);
  if (isOurs(pid, marker)) kill(pid, 'SIGKILL');
  while (isOurs(pid, marker) && Date.now() < deadline + 1000) await pause(20);
  return true;
}

/** Whether `pid` lives and its command line contains `marker`. A pid may have been given to a stranger since. */
export function isOurs(pid, marker) {
  return pid > 0 && commandLine(pid).includes(marker);
}

/** Whether any process has this pid. */
export function isAlive(pid) {
  return pid > 0 && commandLine(pid) !== '';
}

export function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Asks `/healthz` until `accept(answer)` holds; undefined when it did not within `limitMs`. */
export async function waitForHealth(port, accept, limitMs) {
  const deadline = Date.now() + limitMs;
  while (Date.now() < deadline) {
    const answer = await readHealth(port);
    if (answer && accept(answer)) return answer;
    await pause(30);
  }
  return undefined;
}

/** The answer of `/healthz`, or undefined when nobody answers there. */
export async function readHealth(port) {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(1000) });
    return await response.json();
  } catch {
    return undefined;
  }
}

/** Empty for a process that is gone or is only waiting to be reaped. */
function commandLine(pid) {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}
