import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { packWritten } from '../../../src/activities/candidate-fix/pack-written.ts';
import { readTree, writeTree, type TreeFile } from '../../../src/activities/candidate-fix/source-tree.ts';

const bodies = new Map<string, Buffer>();
const store = {
  put: async (content: Uint8Array | string) => {
    const digest = createHash('sha256').update(content).digest('hex');
    bodies.set(digest, Buffer.from(content));
    return { digest, bytes: content.length };
  },
  get: async (digest: string) => bodies.get(digest)!,
};
const file = (text: string): TreeFile => ({ type: 'file', mode: 0o644, content: Buffer.from(text) });

const diffOfA = '--- a/src/a.js\n+++ b/src/a.js\n@@ -1 +1 @@\n-one\n+two\n';

async function pack(diff: string, path = 'shows.js', commands: readonly (readonly string[])[] = []) {
  const tree = await writeTree(new Map([['src/a.js', file('one\n')]]));
  const deployed = { service: 'app', revision: 'r', ...(await store.put(tree)) };
  const script = { path, digest: (await store.put('text')).digest, command: ['node', path] };
  return packWritten(
    store,
    { by: 'claude/x', script, fix: { digest: (await store.put(diff)).digest } },
    deployed,
    commands,
  );
}

describe('packWritten', () => {
  it('applies the diff to what is deployed and labels both with who wrote them', async () => {
    const { script, written, notes } = await pack(diffOfA);
    expect(script).toMatchObject({ path: 'shows.js', by: 'claude/x' });
    const digest = createHash('sha256').update(diffOfA).digest('hex');
    expect(written).toMatchObject({ changes: { paths: ['src/a.js'], left: 0, guarded: [], digest } });
    expect(written).toMatchObject({ by: 'claude/x', archive: { service: 'app', revision: 'with the fix' } });
    const { archive } = written as { archive: { digest: string } };
    expect((await readTree(bodies.get(archive.digest)!)).get('src/a.js')).toEqual(file('two\n'));
    expect(notes).toEqual([]);
  });

  it.each([
    ['the script that shows the failure', 'shows.js', []],
    ['a file that a command of the service runs', 'check.sh', [['sh', 'check.sh']]],
  ])('lets the diff not write %s', async (_name, path, commands) => {
    const { written } = await pack(`--- /dev/null\n+++ b/${path}\n@@ -0,0 +1 @@\n+x\n`, 'shows.js', commands);
    expect(written).toMatchObject({ refused: expect.stringContaining('measures the fix') as string });
  });

  it('says why a diff is refused', async () => {
    const { written } = await pack('--- /dev/null\n+++ b/.github/workflows/x.yml\n@@ -0,0 +1 @@\n+x\n');
    expect(written).toEqual({ by: 'claude/x', refused: expect.stringContaining('CI') as string });
  });

  it.each(['src/a.js', 'src', 'src/a.js/b.js'])(
    'does not let the script take the place of what is there: %s',
    async (path) => {
      const { script, notes } = await pack('', path);
      expect(script).toBeUndefined();
      expect(notes).toEqual([`the script of claude/x is not used: ${path} is there already`]);
    },
  );
});
