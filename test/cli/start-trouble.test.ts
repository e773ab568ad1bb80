import { createServer } from 'node:net';
import { platform } from 'node:process';
import { expect, test } from 'vitest';
import { adviseOnStart, readChildMessage } from '../../src/cli/start-trouble.ts';

test('a port in use is told with who has it, and what to do', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
  const advice = await adviseOnStart('gateway', { reason: 'listen EADDRINUSE', code: 'EADDRINUSE', address }, 'g.log');
  server.close();
  // Who it is can be seen where there is a /proc.
  if (platform === 'linux') expect(advice).toContain(`${address} is in use by process ${process.pid} (`);
  expect(advice).toMatch(/The gateway cannot start: .* End that one, or let it listen elsewhere: `gateway\.listen`/);
});

test.each([
  [{ reason: 'no', code: 'EACCES', address: '127.0.0.1:80' }, /127\.0\.0\.1:80: this user may not listen there/],
  [{ reason: 'no', code: 'EADDRNOTAVAIL', address: '203.0.113.9:80' }, /this machine has no such address/],
  [
    { reason: 'policy/10-modes.cedar does not load.' },
    /cannot start: policy\/10-modes\.cedar does not load\. Its log: g\.log/,
  ],
  [
    { reason: `Namespace x is absent.\n${'details '.repeat(100)}` },
    /cannot start: Namespace x is absent\. details .{1,300}… ?\.? Its log/,
  ],
  [undefined, /without a word\. Its log: g\.log/],
])('another trouble is told with its reason', async (trouble, told) => {
  expect(await adviseOnStart('gateway', trouble, 'g.log')).toMatch(told);
});

test('a child says that it is at work, or why it cannot be', () => {
  expect(readChildMessage({ listening: 'http://127.0.0.1:1' })).toEqual({ isUp: true });
  expect(readChildMessage({ polling: ['observe'] })).toEqual({ isUp: true });
  expect(readChildMessage({ cannotStart: { reason: 'x' } })).toEqual({ isUp: false, trouble: { reason: 'x' } });
});
