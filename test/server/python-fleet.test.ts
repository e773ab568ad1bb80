import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { IncidentJson } from '../../src/client/incident-json.ts';
import { childEnvironment } from '../../src/config.ts';
import { waitUntil } from '../../src/setup/wait-until.ts';
import { findTemporal } from '../find-program.ts';
import { readPythonLedger } from '../fleets/python-fleet.ts';
import { openPythonStory, type PythonStory } from '../fleets/python-story.ts';

// Three Python services, plain text logs, another alert, another label, basic credentials: nothing but resident.yaml tells of them.

const lacking = [
  ...((await findTemporal()) ? [] : ['no Temporal program was found; `npm test` installs one']),
  ...(hasPython() ? [] : ['there is no python3']),
  ...(process.platform === 'linux' ? [] : ['the fleet finds its processes in /proc']),
];
if (lacking.length > 0) process.stderr.write(`SKIPPED, the fleet in Python: ${lacking.join('; ')}.\n`);

const resident = path.resolve(import.meta.dirname, '../../bin/resident.js');
const limitMs = 180_000;

describe.skipIf(lacking.length > 0)('a fleet in Python, described by nothing but its resident.yaml', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'resident-python-'));
  let story: PythonStory;
  let proposed: IncidentJson;

  beforeAll(async () => {
    story = await openPythonStory(folder, 'deadline', 'assist');
    if (!story.hasDocker) process.stderr.write('SKIPPED, the reproduction: there is no Docker engine.\n');
    if (!story.hasMonitoring)
      process.stderr.write('SKIPPED, the watch: there is no Prometheus or Alertmanager; the test sends the alert.\n');
    await story.play();
    proposed = await until((incident) => incident.awaitingApproval || incident.outcome !== null);
  });

  afterAll(async () => {
    await story?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function until(isWanted: (incident: IncidentJson) => boolean): Promise<IncidentJson> {
    let incident: IncidentJson | undefined;
    const look = async () => (incident = await story.show()) !== undefined && isWanted(incident);
    if (!(await waitUntil(look, { limitMs })))
      throw new Error(`It did not come to that: ${JSON.stringify(incident?.timeline, null, 1)}`);
    return incident as IncidentJson;
  }

  test('the service behind the alerting one is blamed, and the commit that misread a unit of time', () => {
    expect(proposed.diagnosis).toMatchObject({
      verdict: 'cause',
      service: 'slots',
      change: story.fleet.history.culprit?.sha,
    });
    expect(proposed.diagnosis?.category).toBe('code-change');
    const said = proposed.diagnosis?.statement.map((claim) => claim.text).join('\n');
    expect(said).toContain('TimeoutError: no time left');
    expect(said).not.toContain('Traceback');
  });

  test('its own unittest fails in the sandbox with that commit, and passes with the one before', () => {
    if (!story.hasDocker) return expect(proposed.reproduction?.verdict).toBe('cannot-run');
    expect(proposed.reproduction).toMatchObject({ verdict: 'reproduced', firstBad: story.fleet.history.culprit?.sha });
    expect(proposed.reproduction?.runs[0]?.command).toEqual(['python3', '-m', 'unittest', 'tests.test_whole_day']);
  });

  test('the plan takes the revision that ran before the deploy, and nothing was done yet', () => {
    expect(proposed.plan?.actions).toMatchObject([
      { type: 'deploy.rollback', target: 'slots', parameters: { revision: story.fleet.history.deployed.slots } },
    ]);
    expect(readPythonLedger(story.fleet).filter((line) => line.action)).toEqual([]);
  });

  test('a person approves over HTTP, the fleet recovers, and its own ledger shows one rollback', async () => {
    const planDigest = proposed.plan?.digest ?? '';
    expect(await story.decide({ planDigest: 'of-another-plan', decision: 'approve' })).toMatchObject({ status: 409 });
    expect(await story.decide({ planDigest, decision: 'approve' })).toMatchObject({
      status: 200,
      body: { status: 'accepted', by: 'ruth' },
    });
    const closed = await until((incident) => incident.outcome !== null);
    expect(closed.outcome).toBe(story.hasMonitoring ? 'recovered' : 'handed-over');
    expect(closed.approval?.by).toBe('ruth');
    expect(readPythonLedger(story.fleet).filter((line) => line.action)).toEqual([
      expect.objectContaining({
        command: 'deploy',
        service: 'slots',
        revision: story.fleet.history.deployed.slots,
        effect: 'switched',
      }),
    ]);
  });

  test('the report tells it', async () => {
    const args = [resident, 'report', 'booking', '--config', story.configFile];
    const { stdout } = await promisify(execFile)(process.execPath, args, { env: childEnvironment() });
    expect(stdout).toContain(story.fleet.history.culprit?.sha.slice(0, 8));
    expect(stdout).toContain('ruth');
    expect(stdout).toMatch(/deploy\.rollback/);
  });
});

function hasPython(): boolean {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
