import { describe, expect, it } from 'vitest';
import { analyse } from '../../../../src/domain/analysis/analyst.ts';
import { findNumberChanges } from '../../../../src/domain/analysis/changes/numbers-in-diffs.ts';
import { readHunks } from '../../../../src/domain/analysis/changes/diffs.ts';
import { chatter, commit, deploy } from '../incident.ts';
import { flat, gauge, platformIncident, warning } from '../conditions/platform-incident.ts';

const limit = (from: string, to: string) =>
  commit(
    'wharf',
    20,
    `limit ${from}`,
    'deploy/wharf.yaml',
    `@@ -8,1 +8,1 @@ limits:\n-  memory: ${from}\n+  memory: ${to}`,
  );

/** Containers are killed for memory from minute 35 on, five minutes after a deploy. */
function killed(from: string, to: string) {
  const change = limit(from, to);
  const use = gauge('memory working set bytes', [...flat(3e8, 5), ...flat(4.7e8, 25)]);
  const kills = [35, 40, 45, 50].map((minute) =>
    warning(minute, 'Pod/wharf-5c9f', 'OOMKilled', 'Container wharf was OOMKilled (exit code 137)'),
  );
  return analyse(
    platformIncident(kills, { lines: chatter(), series: [use], changes: [change], deploys: [deploy(change, 34)] }),
  );
}

describe('sizes in diffs', () => {
  it.each([
    ['1Gi', '480Mi', 1024 ** 3, 480 * 1024 ** 2],
    ['2G', '512MB', 2e9, 512e6],
    ['64kB', '64KiB', 64_000, 65_536],
    ['5m', '30s', 300, 30],
  ])('%s and %s are worked out, so that they compare', (before, after, from, to) => {
    expect(findNumberChanges(readHunks(limit(before, after)))).toMatchObject([{ name: 'memory', from, to }]);
  });

  it('a memory limit that was lowered is what containers are killed by, and the platform is quoted', () => {
    const diagnosis = killed('1Gi', '480Mi');
    expect(diagnosis).toMatchObject({ service: 'wharf', category: 'config-change' });
    const text = diagnosis.statement.map((claim) => claim.text).join(' ');
    expect(text).toContain('`memory: 1Gi → 480Mi`');
    expect(text).toContain('The platform tells of Pod/wharf-5c9f OOMKilled');
  });

  it('one that was raised is not, though its number is the smaller one', () => {
    expect(killed('480Mi', '1Gi')).toMatchObject({ change: 'none', condition: 'out-of-memory' });
  });
});

it('what began shortly before the reported begin and goes on is not ruled out as over', () => {
  const kills = [29, 35, 40, 45].map((minute) =>
    warning(minute, 'Pod/wharf-5c9f', 'OOMKilled', 'Container wharf was OOMKilled (exit code 137)'),
  );
  const other = warning(28, 'Pod/wharf-0aaa', 'OOMKilled', 'Container wharf was OOMKilled (exit code 137)');
  const { ruledOut } = analyse(platformIncident([other, ...kills], { lines: chatter() }));
  const past = ruledOut.filter(({ reason }) => reason.includes('before the incident'));
  expect(past.map(({ candidate }) => candidate)).toEqual(['OOMKilled of Pod/wharf-0aaa']);
});
