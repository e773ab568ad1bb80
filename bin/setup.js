#!/usr/bin/env node
// Makes a fresh clone ready: checks Node and Git, and installs the packages when they are missing or older than the
// lockfile. Plain JavaScript without packages, because it runs before there are any.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const modules = path.join(root, 'node_modules');
const stampFile = path.join(modules, '.resident-lock');
const lockFile = path.join(root, '.resident', 'setup.lock');
const leastNode = [20, 19];
let isAbandoned = false;
const endSignals = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

checkNode();
checkGit();
const digest = createHash('sha256')
  .update(readOr(path.join(root, 'package-lock.json'), ''))
  .digest('hex');
if (isInstalled()) say('✓ dependencies are there');
else await installAlone();

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1])) return;
  fail(
    `Node ${process.versions.node} is too old: Resident needs ${leastNode.join('.')} or later (https://nodejs.org).`,
  );
}

function checkGit() {
  const git = spawnSync('git', ['--version'], { encoding: 'utf8' });
  if (git.status === 0) return;
  fail('Git was not found on the PATH: install it (Debian: apt-get install git; macOS: xcode-select --install).');
}

/**
 * Whether node_modules was installed from this lockfile: our stamp says so, or an install by hand is whole (npm writes its
 * hidden lockfile last), which is stamped then.
 */
function isInstalled() {
  if (readOr(stampFile, '').trim() === digest) return true;
  if (!isInstalledByHand()) return false;
  fs.writeFileSync(stampFile, `${digest}\n`);
  return true;
}

function isInstalledByHand() {
  const hidden = readOr(path.join(modules, '.package-lock.json'), '');
  const wanted = readOr(path.join(root, 'package-lock.json'), '');
  if (!hidden || !wanted) return false;
  const found = JSON.parse(hidden).packages;
  return Object.entries(JSON.parse(wanted).packages).every(([place, { version, optional }]) => {
    if (place === '' || (optional && !found[place])) return true;
    return found[place]?.version === version && fs.existsSync(path.join(root, place, 'package.json'));
  });
}

/** One set-up at a time in one clone: the second waits for the first and then finds its work done. */
async function installAlone() {
  let isWaiting = false;
  for (let holder = takeLock(); holder; holder = takeLock()) {
    if (!isWaiting) say(`… waiting for the set-up that runs already (process ${holder})`);
    isWaiting = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  process.on('exit', () => fs.rmSync(lockFile, { force: true }));
  if (isInstalled()) say('✓ dependencies are there');
  else await install();
}

/** Takes the lock; gives the pid of a living holder instead when there is one. A dead holder's lock and npm are cleared away. */
function takeLock() {
  fs.mkdirSync(path.dirname(lockFile), { recursive: true });
  // A file that appears whole under its name: a reader never sees a lock without its pid.
  const mine = `${lockFile}.${process.pid}`;
  fs.writeFileSync(mine, JSON.stringify({ pid: process.pid }));
  try {
    fs.linkSync(mine, lockFile);
    return undefined;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  } finally {
    fs.rmSync(mine, { force: true });
  }
  const text = readOr(lockFile, '');
  const { pid, npm } = text ? JSON.parse(text) : {};
  if (pid && isAlive(pid)) return pid;
  if (npm && isAlive(npm) && isNpm(npm)) endGroup(npm, 'SIGKILL');
  dropStaleLock(text);
  return takeLock();
}

/** Removes the lock of a dead holder, but puts it back when another process has taken the lock in between. */
function dropStaleLock(stale) {
  const aside = `${lockFile}.stale-${process.pid}`;
  try {
    fs.renameSync(lockFile, aside);
    if (readOr(aside, '') !== stale) fs.linkSync(aside, lockFile);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
  fs.rmSync(aside, { force: true });
}

async function install() {
  const begun = Date.now();
  fs.rmSync(stampFile, { force: true });
  const [command, ...first] = npmCommand();
  // Its own process group, so that npm's own children end with it.
  const npm = spawn(command, [...first, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => {
    npm.on('error', (error) => resolve({ code: 1, why: error.message }));
    npm.on('close', (code) => resolve({ code, why: '' }));
  });
  if (npm.pid) writeWhole(lockFile, JSON.stringify({ pid: process.pid, npm: npm.pid }));
  let output = '';
  for (const stream of [npm.stdout, npm.stderr])
    stream?.on('data', (chunk) => (output = (output + chunk).slice(-20_000)));
  for (const [signal, code] of Object.entries(endSignals)) process.on(signal, () => void abandon(npm.pid, ended, code));

  const stopTicking = tick(begun);
  const { code, why } = await ended;
  stopTicking();
  if (isAbandoned) return;
  if (code !== 0) {
    console.error(output.trim());
    fail(
      `npm ci failed (${why || `exit code ${code}`}) after ${seconds(begun)}. Its output is above; mend that and run this again.`,
    );
  }
  fs.writeFileSync(stampFile, `${digest}\n`);
  say(`✓ dependencies installed from package-lock.json … ${seconds(begun)}`);
}

async function abandon(pid, ended, code) {
  if (isAbandoned) return;
  isAbandoned = true;
  endGroup(pid, 'SIGTERM');
  const force = setTimeout(() => endGroup(pid, 'SIGKILL'), 3_000);
  await ended;
  clearTimeout(force);
  endGroup(pid, 'SIGKILL');
  console.error('\nset-up was interrupted; run it again to finish');
  process.exit(code);
}

/** The npm that runs us, else the one on the PATH. */
function npmCommand() {
  const path = process.env.npm_execpath;
  return path && /npm-cli\.c?js$/.test(path) ? [process.execPath, path] : ['npm'];
}

/** On a terminal, seconds that go up; elsewhere one line that says what is going on. */
function tick(begun) {
  const text = '… installing dependencies (npm ci)';
  if (!process.stderr.isTTY) {
    say(text);
    return () => undefined;
  }
  const timer = setInterval(() => process.stderr.write(`\r${text} ${seconds(begun)} `), 250);
  return () => {
    clearInterval(timer);
    process.stderr.write('\r\u001b[K');
  };
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Pids are given out again: only a process that looks like npm is ours to end. */
function isNpm(pid) {
  const args =
    readOr(`/proc/${pid}/cmdline`, '') ||
    spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  return /npm/.test(args ?? '');
}

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** A reader sees the old text or the new, never a part. */
function writeWhole(file, text) {
  fs.writeFileSync(`${file}.new`, text);
  fs.renameSync(`${file}.new`, file);
}

function readOr(file, otherwise) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return otherwise;
    throw error;
  }
}

function seconds(begun) {
  return `${((Date.now() - begun) / 1000).toFixed(1)} s`;
}

function say(text) {
  console.error(text);
}

function fail(text) {
  console.error(`set-up: ${text}`);
  process.exit(1);
}
