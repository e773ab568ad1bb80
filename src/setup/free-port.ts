import { createServer } from 'node:net';

/** A TCP port of 127.0.0.1 that was free a moment ago; the kernel does not hand the same one out again soon. */
export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('no port was given by the system'));
      server.close(() => resolve(address.port));
    });
  });
}
