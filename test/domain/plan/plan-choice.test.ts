import { describe, expect, test } from 'vitest';
import {
  describeAction,
  fillArgv,
  isSameRevision,
  refuseParameters,
  refuseSettings,
} from '../../../src/domain/plan/catalogue.ts';
import { chooseAction, type ChoiceInput } from '../../../src/domain/plan/choose-actions.ts';
import type { Diagnosis } from '../../../src/domain/diagnosis/diagnosis.ts';
import type { Change, Deploy } from '../../../src/domain/evidence/evidence.ts';
import { listRollbackTargets } from '../../../src/domain/plan/rollback-target.ts';

const sha = (letter: string) => letter.repeat(40);
const change = (id: string, parent: string, at: string): Change => ({
  service: 'user',
  id: sha(id),
  parent: sha(parent),
  at: `2026-01-01T${at}:00Z`,
  author: 'ana',
  subject: '',
  body: '',
  files: [],
});
const deploy = (revision: string, at: string, more: Partial<Deploy> = {}): Deploy => ({
  id: `d-${at}`,
  service: 'user',
  revision,
  at: `2026-01-01T${at}:00Z`,
  status: 'succeeded',
  ...more,
});
const changes = [change('b', 'a', '10:00'), change('c', 'b', '11:00'), change('d', 'c', '12:00')];

const diagnosis: Diagnosis = {
  verdict: 'cause',
  service: 'user',
  change: sha('c'),
  category: 'code-change',
  confidence: 0.9,
  statement: [],
  evidence: [],
  against: [],
  ruledOut: [],
  suspects: [],
  signatures: [],
  missing: [],
  lessons: [],
  engine: 'analyst',
};
const rollback = { command: ['./deploy.sh', '{revision}'], current: ['./current.sh'] };
const restart = { command: ['./restart.sh'] };
const input: ChoiceInput = {
  diagnosis,
  actions: { 'deploy.rollback': rollback, 'service.restart': restart },
  hasDeployRecord: true,
  inventory: { changes, deploys: [deploy(sha('b'), '10:05'), deploy(sha('d'), '12:05')] },
  isConfigCommit: false,
  rejected: [],
};
const choose = (more: Partial<ChoiceInput>) => chooseAction({ ...input, ...more });
const withDiagnosis = (more: Partial<Diagnosis>) => choose({ diagnosis: { ...diagnosis, ...more } });

describe('the revision to go back to', () => {
  const revisions = (deploys: readonly Deploy[], accused: { change: string; before?: string }) =>
    listRollbackTargets({ changes, deploys }, accused).map((target) => target.revision);

  test('is the newest one that was deployed before the accused commit came', () => {
    expect(
      revisions([deploy(sha('a'), '09:00'), deploy(sha('b'), '10:05'), deploy(sha('d'), '12:05')], {
        change: sha('c'),
      }),
    ).toEqual([sha('b'), sha('a')]);
  });

  test('is not a deployed one that already holds the accused commit', () => {
    expect(
      revisions([deploy(sha('b'), '10:05'), deploy(sha('c'), '11:05'), deploy(sha('d'), '12:05')], {
        change: sha('c'),
      })[0],
    ).toBe(sha('b'));
  });

  test('comes from `previous` when the record begins with the bad deploy', () => {
    expect(revisions([deploy(sha('d'), '12:05', { previous: sha('b') })], { change: sha('c') })).toEqual([sha('b')]);
  });

  test('is the one before the accused deploy when a deploy is accused', () => {
    const deploys = [deploy('v1', '09:00'), deploy('v2', '10:00', { id: 'deploy-2' })];
    expect(revisions(deploys, { change: 'deploy-2' })).toEqual(['v1']);
  });

  test('is told by time when revisions are tags', () => {
    const deploys = [deploy('v1', '09:00'), deploy('v2', '10:30'), deploy('v3', '12:05')];
    expect(revisions(deploys, { change: sha('c') })[0]).toBe('v2');
  });

  test('is never one whose deployment failed', () => {
    const deploys = [
      deploy(sha('a'), '09:00'),
      deploy(sha('b'), '10:05', { status: 'failed' }),
      deploy(sha('d'), '12:05'),
    ];
    expect(revisions(deploys, { change: sha('c') })[0]).toBe(sha('a'));
  });

  test('is none when the service itself tells that it runs a revision without the accused commit', () => {
    const inventory = {
      changes,
      deploys: [deploy(sha('a'), '09:00'), deploy(sha('b'), '10:05'), deploy(sha('d'), '12:05')],
    };
    const list = (current: string) => listRollbackTargets(inventory, { change: sha('c') }, current);
    expect(list(sha('b'))).toEqual([]);
    expect(list(sha('b').slice(0, 12))).toEqual([]);
    expect(list(sha('d'))[0]).toEqual({ revision: sha('b'), from: sha('d') });
    // The record ends before the bad commit was deployed: what runs is told by the service.
    const behind = { changes, deploys: [deploy(sha('a'), '09:00'), deploy(sha('b'), '10:05')] };
    expect(listRollbackTargets(behind, { change: sha('c') }, sha('d'))[0]).toEqual({
      revision: sha('b'),
      from: sha('d'),
    });
    expect(choose({ inventory, current: sha('b') })).toEqual({
      reason: expect.stringMatching(
        /user runs b{40} already, which does not hold the change, whatever its deploy record says/,
      ) as unknown,
    });
  });

  test('is never the one that runs, by whichever of its names', () => {
    const deploys = [deploy(sha('b').slice(0, 10), '10:05')];
    expect(revisions(deploys, { change: sha('c') })).toEqual([]);
  });

  test('is the parent of the accused commit when nothing was recorded', () => {
    expect(revisions([], { change: sha('c') })).toEqual([sha('b')]);
  });

  test('matches abbreviated SHAs', () => {
    const deploys = [deploy('bbbbbbb', '10:05'), deploy('ddddddd', '12:05')];
    expect(revisions(deploys, { change: sha('c') })[0]).toBe('bbbbbbb');
    expect(isSameRevision('bbbbbbb', sha('b'))).toBe(true);
    expect(isSameRevision('v1', 'v10')).toBe(false);
  });

  test('prefers what the diagnosis names, if it was deployed', () => {
    const deploys = [deploy(sha('a'), '09:00'), deploy(sha('b'), '10:05'), deploy(sha('d'), '12:05')];
    expect(revisions(deploys, { change: sha('c'), before: sha('a') })[0]).toBe(sha('a'));
  });
});

describe('the action', () => {
  test('for a bad commit is a rollback, from what runs to what ran before', () => {
    expect(choose({}).draft).toEqual({
      type: 'deploy.rollback',
      target: 'user',
      parameters: { revision: sha('b'), from: sha('d') },
      tainted: [],
    });
  });

  test('is marked tainted when its revision was not fetched in this incident', () => {
    const inventory = { changes: [], deploys: [] };
    const { draft } = choose({ inventory, diagnosis: { ...diagnosis, before: sha('e') } });
    expect(draft).toMatchObject({ parameters: { revision: sha('e') }, tainted: ['revision'] });
  });

  test.each(['--force', '$(reboot)', 'a b', '', 'x\u202ey', '{revision}'])(
    'is never made with the revision %j',
    (before) => {
      const { draft } = choose({ inventory: { changes: [], deploys: [] }, diagnosis: { ...diagnosis, before } });
      expect(draft).toBeUndefined();
    },
  );

  test.each([
    ['inconclusive', { verdict: 'inconclusive' as const }],
    ['no-fault', { verdict: 'no-fault' as const }],
    ['an outside dependency', { category: 'outside-dependency' as const, change: 'none' }],
    ['traffic', { category: 'traffic' as const, change: 'none' }],
    ['infrastructure', { category: 'infrastructure' as const, change: 'none' }],
    ['none', { category: 'none' as const }],
  ])('is none for %s, and the reason says what people can do', (_name, more) => {
    const { draft, reason } = withDiagnosis(more);
    expect(draft).toBeUndefined();
    expect(reason.length).toBeGreaterThan(40);
  });

  test('is a restart for an exhausted resource without a change, and a rollback with one', () => {
    expect(withDiagnosis({ category: 'resource', change: 'none' }).draft?.type).toBe('service.restart');
    expect(withDiagnosis({ category: 'resource' }).draft?.type).toBe('deploy.rollback');
  });

  test('is a restart only where it gives back what a process holds; else a person is told what to do', () => {
    const resource = { category: 'resource' as const, change: 'none' };
    expect(withDiagnosis({ ...resource, condition: 'descriptors-exhausted' }).draft?.type).toBe('service.restart');
    const { draft, reason } = withDiagnosis({ ...resource, condition: 'storage-full' });
    expect(draft).toBeUndefined();
    expect(reason).toContain('Free or add storage');
  });

  test('is a revert for a commit of the configuration repository', () => {
    const actions = { ...input.actions, 'config.rollback': { repository: '/config' } };
    const { draft } = choose({ actions, isConfigCommit: true, diagnosis: { ...diagnosis, category: 'config-change' } });
    expect(draft).toMatchObject({ type: 'config.rollback', parameters: { commit: sha('c') }, tainted: [] });
  });

  test('is another one once people rejected the first, and none when they rejected all', () => {
    expect(choose({ rejected: ['deploy.rollback user'] }).draft?.type).toBe('service.restart');
    expect(choose({ rejected: ['deploy.rollback user'], isReproduced: true }).draft).toBeUndefined();
    expect(choose({ rejected: ['deploy.rollback other'] }).draft?.type).toBe('deploy.rollback');
    const none = choose({ rejected: ['deploy.rollback user', 'service.restart user'] });
    expect(none.draft).toBeUndefined();
    expect(none.reason).toContain('deploy.rollback was rejected');
    expect(none.reason).toContain('not proposed again in this incident, whatever is learnt after it');
    expect(none.reason).toContain('open a new incident');
  });

  test('goes to an older revision when only one revision was rejected', () => {
    const deploys = [deploy(sha('a'), '09:00'), ...input.inventory.deploys];
    const { draft } = choose({ inventory: { changes, deploys }, rejected: [`deploy.rollback user ${sha('b')}`] });
    expect(draft?.parameters['revision']).toBe(sha('a'));
  });

  test('is not offered when it is not configured, or could not be undone, and the reason names the key', () => {
    expect(choose({ actions: {} }).reason).toContain('services.user.actions.deploy.rollback is not configured');
    const fixed = { 'deploy.rollback': { ...rollback, command: ['./rollback.sh'] } };
    expect(choose({ actions: fixed }).reason).toContain('{revision}');
    expect(refuseSettings('deploy.rollback', 'user', { command: rollback.command }, false)).toContain('current');
    expect(refuseSettings('deploy.rollback', 'user', { command: rollback.command }, true)).toBeUndefined();
  });
});

describe('the catalogue', () => {
  test('takes no unknown action and no unknown parameter', () => {
    expect(refuseParameters('database.drop' as 'service.restart', {})).toContain('no action');
    expect(refuseParameters('service.restart', { host: 'x' })).toContain('no parameter');
    expect(refuseParameters('deploy.rollback', {})).toContain('needs the parameter revision');
    expect(refuseParameters('deploy.rollback', { revision: 'v1.2' })).toBeUndefined();
  });

  test('fills in parameters inside one argument, and leaves no placeholder standing', () => {
    expect(fillArgv(['a', '--to={revision}', 'b c'], { revision: 'v1' })).toEqual(['a', '--to=v1', 'b c']);
    expect(() => fillArgv(['{host}'], { revision: 'v1' })).toThrow('{host}');
  });

  test('words name the very command that will run', () => {
    const words = describeAction('deploy.rollback', 'user', { revision: 'v1' }, rollback);
    expect(words.summary).toContain('["./deploy.sh","v1"]');
  });
});
