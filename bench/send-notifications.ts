import { connect, type Socket } from 'node:net';
import { renderNotification } from './notifications.ts';
import { senderToken } from './stage.ts';

export interface Load {
  /** Alert number n goes to service n modulo their count. */
  readonly services: readonly string[];
  readonly alerts: number;
  readonly atOnce: number;
}

/**
 * Sends one notification an alert over keep-alive connections, each with one request under way, and gives back the
 * milliseconds until the last was acknowledged. It writes prepared bytes to plain sockets: an HTTP client would take
 * processor time from the very programs that are measured.
 * @throws when an answer is not 202.
 */
export async function sendNotifications(address: string, load: Load): Promise<number> {
  const { host, hostname, port } = new URL(address);
  const requests = Array.from({ length: load.alerts }, (_unused, index) => {
    const body = renderNotification(load.services[index % load.services.length] ?? '', index);
    return Buffer.from(renderRequest(host, body));
  });
  const sockets = await Promise.all(Array.from({ length: load.atOnce }, () => open(hostname, Number(port))));
  const begun = performance.now();
  let next = 0;
  await Promise.all(
    sockets.map(async (socket) => {
      for (let request = requests[next++]; request; request = requests[next++]) await exchange(socket, request);
    }),
  );
  const took = performance.now() - begun;
  for (const socket of sockets) socket.destroy();
  return took;
}

function renderRequest(host: string, body: string): string {
  return [
    'POST /webhooks/alertmanager HTTP/1.1',
    `Host: ${host}`,
    'User-Agent: Alertmanager/0.28.0',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `Authorization: Bearer ${senderToken}`,
    'Content-Type: application/json',
    '',
    body,
  ].join('\r\n');
}

async function open(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

/** Writes a request and reads its answer, which has a Content-Length. */
async function exchange(socket: Socket, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const onData = (chunk: Buffer): void => {
      answer += chunk.toString('latin1');
      const head = answer.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(answer.slice(0, head))?.[1]);
      if (answer.length < head + 4 + length) return;
      done();
      if (answer.startsWith('HTTP/1.1 202')) resolve();
      else reject(new Error(`The gateway did not take an alert: ${answer.slice(0, 500)}`));
    };
    const onEnd = (): void => {
      done();
      reject(new Error('The gateway closed the connection in the middle of an answer.'));
    };
    const done = (): void => {
      socket.off('data', onData);
      socket.off('close', onEnd);
    };
    socket.on('data', onData);
    socket.on('close', onEnd);
    socket.write(request);
  });
}
