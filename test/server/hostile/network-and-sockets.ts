import { createSocket } from 'node:dgram';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ListenOptions } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NoControlHere, refusesEach, type HostileCase } from './hostile-case.ts';
import { openSide, type Side } from './side.ts';
import { asRootWith, without } from './weaknesses.ts';

interface Listener {
  readonly port: number;
  arrived(): number;
}

/** Listens on this machine while `act` runs, and counts what arrives. */
async function withListener<T>(where: ListenOptions, act: (listener: Listener) => Promise<T>): Promise<T> {
  let arrived = 0;
  const server = createServer((socket) => {
    arrived += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(where, resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  try {
    return await act({ port, arrived: () => arrived });
  } finally {
    server.close();
  }
}

async function withDatagrams<T>(act: (listener: Listener) => Promise<T>): Promise<T> {
  let arrived = 0;
  const socket = createSocket('udp4', () => (arrived += 1));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  try {
    return await act({ port: socket.address().port, arrived: () => arrived });
  } finally {
    socket.close();
  }
}

const loopback = { host: '127.0.0.1', port: 0 };

/** Only addresses of this machine's loopback are tried: should the sandbox leak, nobody else hears of it. */
async function leave(side: Side): Promise<string> {
  return withListener(loopback, (tcp) =>
    withDatagrams(async (udp) => {
      const tried = await side.probe('tcp', '127.0.0.1', String(tcp.port));
      // A datagram may be sent into the void without an error, so only its arrival counts.
      await side.probe('udp', '127.0.0.1', String(udp.port));
      const { output } = await side.exec([
        'sh',
        '-c',
        'tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d " " | tr "\\n" " "',
      ]);
      return `${tried}; interfaces ${output.toString().trim()}; ${tcp.arrived()} + ${udp.arrived()} arrived`;
    }),
  );
}

const reachesNobody = {
  isBlocked: (seen: string) => /^tcp: E\w+; interfaces lo; 0 \+ 0 arrived$/.test(seen),
  isReached: (seen: string) => /^tcp: ok; .*; 1 \+ 1 arrived$/.test(seen),
};

const bridgeName = `resident-hostile-${process.pid}`;

/** An internal bridge of our own, with a service of the host on its gateway address. */
async function overInternalBridge(side: Side): Promise<string> {
  const { docker } = side.arena;
  const network = await docker
    .createNetwork({ Name: bridgeName, Driver: 'bridge', Internal: true })
    .catch((error: Error) => {
      throw new NoControlHere(`the engine makes no bridge here (${error.message})`);
    });
  try {
    const { IPAM } = (await network.inspect()) as { IPAM: { Config: { Gateway?: string }[] } };
    const gateway = IPAM.Config[0]?.Gateway ?? '';
    const tried = withListener({ host: gateway, port: 0 }, async ({ port, arrived }) => {
      const line = await side.probe('tcp', gateway, String(port));
      return `${line}; ${arrived()} arrived`;
    });
    return await tried.catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRNOTAVAIL') throw error;
      throw new NoControlHere('the engine’s bridges are not on this machine');
    });
  } finally {
    await side.close();
    await network.remove();
  }
}

/** As a service beside the one that is tried: the product lets it join the other's network. */
async function leaveFromBeside(side: Side): Promise<string> {
  const first = openSide(side.arena, {}, side.isControl ? without.network : undefined);
  try {
    const plan = { networkOf: (await first.start()).id };
    const second = openSide(side.arena, { plan }, side.isControl ? { without: '' } : undefined);
    try {
      return await leave(second);
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

const inside = '/run/docker.sock';
const socketFolder = path.join(tmpdir(), `resident-hostile-${process.pid}`);

/** A socket of our own stands in for the engine's. */
async function knockAtEngine(side: Side): Promise<string> {
  const folder = await mkdtemp(`${socketFolder}-`);
  try {
    const file = path.join(folder, 'engine.sock');
    return await withListener({ path: file }, async () => {
      await chmod(file, 0o777);
      await chmod(folder, 0o755);
      engineSocket = file;
      return side.probe('unix-socket', inside);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
let engineSocket = '';

export const networkCases: readonly HostileCase[] = [
  {
    number: 20,
    name: 'Network: TCP and UDP to a listener of the host',
    stoppedBy: 'NetworkMode none',
    probe: leave,
    ...reachesNobody,
    control: without.network,
  },
  {
    number: 21,
    name: 'Service of the host, over an internal bridge',
    stoppedBy: 'NetworkMode none (an internal bridge would not)',
    probe: overInternalBridge,
    isBlocked: (seen) => /^tcp: E\w+; 0 arrived$/.test(seen),
    isReached: (seen) => seen === 'tcp: ok; 1 arrived',
    control: {
      without: 'NetworkMode none (an internal bridge instead)',
      weaken: (planned) => ({
        ...planned,
        HostConfig: { ...planned.HostConfig, NetworkMode: bridgeName },
      }),
    },
  },
  {
    number: 22,
    name: 'Sockets of other families: vsock, alg, packet, raw …',
    stoppedBy: 'seccomp (families 1, 2, 10, 16 only), CapDrop',
    probe: (side) => side.probe('sockets'),
    ...refusesEach(),
    control: asRootWith('NET_ADMIN'),
  },
  {
    number: 33,
    name: 'The engine’s socket',
    stoppedBy: 'not mounted; Binds must be empty',
    probe: knockAtEngine,
    ...refusesEach({ refused: ['ENOENT'] }),
    control: {
      without: 'the refusal of bind mounts',
      weaken: (planned) => ({
        ...planned,
        HostConfig: { ...planned.HostConfig, Binds: [`${engineSocket}:${inside}`] },
      }),
    },
  },
  {
    number: 'own-18',
    name: 'The same from a neighbour that shares the network of the service under test',
    stoppedBy: 'NetworkMode container:<a sandbox with NetworkMode none>',
    probe: leaveFromBeside,
    ...reachesNobody,
    control: without.network,
  },
  {
    number: 'own-11',
    name: 'Abstract socket of the host, which is in no folder',
    stoppedBy: 'NetworkMode none: a network namespace of its own',
    probe: (side) =>
      withListener({ path: `\0resident-${side.mark}` }, async ({ arrived }) => {
        const line = await side.probe('unix-socket', `@resident-${side.mark}`);
        return `${line}\narrived: ${arrived()}`;
      }),
    isBlocked: (seen) => /: ECONNREFUSED\narrived: 0$/.test(seen),
    isReached: (seen) => /: ok\narrived: 1$/.test(seen),
    control: without.network,
  },
];
