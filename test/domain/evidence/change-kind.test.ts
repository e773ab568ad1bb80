import { describe, expect, it } from 'vitest';
import { classifyChange, explainKind } from '../../../src/domain/evidence/change-kind.ts';

describe('classifyChange', () => {
  it.each([
    [['src/a.ts', 'config.yaml'], 'code'],
    [['values.yaml', 'README.md'], 'configuration'],
    [['.env.production'], 'configuration'],
    [['package.json'], 'configuration'],
    [['package.json', 'package-lock.json'], 'lockfile'],
    [['services/api/go.sum', 'services/api/go.mod'], 'lockfile'],
    [['requirements-dev.txt'], 'lockfile'],
    [['yarn.lock', 'deploy/values.yaml'], 'configuration'],
    [['test/fixtures/a.json', 'tests/test_a.py'], 'tests'],
    [['pkg/a_test.go', 'src/b.spec.ts'], 'tests'],
    [['docs/a.md', 'LICENSE'], 'documentation'],
    [['src/contest/a.py'], 'code'],
    [[], 'merge'],
  ] as const)('calls a change of %j %s', (paths, kind) => {
    expect(classifyChange(paths)).toBe(kind);
  });

  it('has a word for people on every kind but code', () => {
    expect(explainKind('lockfile')).toContain('versions of dependencies');
    expect([explainKind('code'), explainKind(undefined)]).toEqual(['', '']);
  });
});
