import { createHash } from 'node:crypto';
import type { BodyStore } from '../../src/activities/sandbox/try-revision.ts';

/** An evidence store in memory. What nobody put is its own digest: a test writes contents where digests stand. */
export function createBodyStore(): BodyStore {
  const bodies = new Map<string, Buffer>();
  return {
    put: async (content) => {
      const digest = createHash('sha256').update(content).digest('hex');
      bodies.set(digest, Buffer.from(content));
      return { digest, bytes: content.length };
    },
    get: async (digest) => bodies.get(digest) ?? Buffer.from(digest),
  };
}
