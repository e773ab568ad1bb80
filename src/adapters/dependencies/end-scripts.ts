import { setTimeout as delay } from 'node:timers/promises';
import type { Container } from 'dockerode';
import { runExec } from '../docker/exec.ts';
import { codeUser, keeperUser } from '../docker/policy.ts';
import { OutsideError } from '../outside-error.ts';

const rounds = 10;
const roundMs = 100;
const stepMs = 10_000;
const statusBytes = 4_000_000;

/**
 * Ends every process of the code user in a sandbox, also those that outlived the script that started them, and settles when
 * none is left. Throws `Sandbox.DependenciesFailed` when one stays: it could change what is taken out. A process of that user may
 * stop or trace the one that is to end it, so whether it worked is asked by the keeper, whom it cannot touch.
 */
export async function endScripts(container: Container, signal: AbortSignal): Promise<void> {
  const rest = { folder: '/', outputBytes: statusBytes, timeoutMs: stepMs, signal };
  let left: readonly string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await runExec(container, { ...rest, command: ['sh', '-c', 'kill -s KILL -- -1'], user: codeUser });
    signal.throwIfAborted();
    const { output, totalBytes } = await runExec(container, {
      ...rest,
      command: ['sh', '-c', 'cat /proc/[0-9]*/status'],
      user: keeperUser,
    });
    signal.throwIfAborted();
    left = totalBytes > output.length ? ['too many to list'] : listStrangers(output.toString());
    if (left.length === 0) return;
    await delay(roundMs, undefined, { signal });
  }
  throw new OutsideError(
    `The installation left processes that could not be ended (${left.slice(0, 3).join(', ')}), so its files are not taken. ` +
      'Look at what the install scripts of the dependencies start.',
    { system: 'Sandbox', kind: 'DependenciesFailed', retryable: false },
  );
}

/** Names of the processes that are not the keeper's, by what `/proc/<pid>/status` says of all; those that have ended do not count. */
export function listStrangers(statuses: string): string[] {
  const blocks = statuses.split(/^(?=Name:\t)/m).filter((block) => block.startsWith('Name:\t'));
  if (blocks.length === 0) return ['nothing could be listed'];
  const keeper = keeperUser.split(':')[0] ?? '';
  const isKeepers = (block: string) => {
    const ids = /^Uid:\s+(.*)$/m.exec(block)?.[1]?.split(/\s+/) ?? [];
    return ids.length === 4 && ids.every((id) => id === keeper);
  };
  return blocks
    .filter((block) => !/^State:\s+[ZX]/m.test(block) && !isKeepers(block))
    .map((block) => JSON.stringify(/^Name:\t(.*)$/m.exec(block)?.[1] ?? ''));
}
