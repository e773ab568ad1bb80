import { describe, expect, it } from 'vitest';
import { completeDeploys, findDeployedRevision, listDeploysWithin } from '../../../src/domain/evidence/deploys.ts';
import type { Deploy } from '../../../src/domain/evidence/evidence.ts';

const deploy = (revision: string, minute: number, status: Deploy['status'] = 'succeeded'): Deploy => ({
  id: `d-${revision}`,
  service: 'order',
  revision,
  at: `2026-11-21T09:${String(minute).padStart(2, '0')}:00.000Z`,
  status,
});

describe('deploys', () => {
  const deploys = completeDeploys([deploy('cccc', 30), deploy('aaaa', 10), deploy('bbbb', 20, 'failed')]);

  it('a failed deploy does not change what runs', () => {
    expect(findDeployedRevision(deploys, '2026-11-21T09:25:00Z')).toBe('aaaa');
    expect(findDeployedRevision(deploys, '2026-11-21T09:30:00Z')).toBe('cccc');
    expect(findDeployedRevision(deploys, '2026-11-21T09:00:00Z')).toBeUndefined();
  });

  it('the revision before is filled in from the record', () => {
    expect(deploys.map((item) => item.previous)).toEqual([undefined, 'aaaa', 'aaaa']);
  });

  it('a window holds its first moment and not its last', () => {
    const window = { from: '2026-11-21T09:10:00Z', to: '2026-11-21T09:30:00Z' };
    expect(listDeploysWithin(deploys, window).map((item) => item.revision)).toEqual(['aaaa', 'bbbb']);
  });
});
