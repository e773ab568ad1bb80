import { describe, expect, it } from 'vitest';
import { assignPorts, type PortWish } from '../../../src/domain/reproduction/assign-ports.ts';

const wish = (service: string, port: number, rest: Partial<PortWish> = {}): PortWish => ({
  service,
  port,
  command: ['node', 'main.js'],
  environment: {},
  ...rest,
});

describe('assignPorts', () => {
  it('lets services keep their ports and tells each where the others are', () => {
    const order = wish('order', 8080, { environment: { USER_URL: 'http://127.0.0.1:{port:user}' } });
    expect(assignPorts([order, wish('user', 8081)])).toEqual({
      services: [
        {
          service: 'order',
          port: 8080,
          command: ['node', 'main.js'],
          environment: { PORT: '8080', USER_URL: 'http://127.0.0.1:8081' },
        },
        { service: 'user', port: 8081, command: ['node', 'main.js'], environment: { PORT: '8081' } },
      ],
      standIns: [],
    });
  });

  it('moves a second service off a taken port when it is told its port, and says what to do when it is not', () => {
    const user = wish('user', 8080, { command: ['serve', '--port={port}'] });
    expect(assignPorts([wish('order', 8080), user])).toMatchObject({
      services: [{ port: 8080 }, { port: 20_000, command: ['serve', '--port=20000'] }],
    });
    expect(assignPorts([wish('order', 8080), wish('user', 8080)])).toEqual({
      conflict: expect.stringMatching(/order and user both listen on port 8080.*\{port\}/) as string,
    });
  });

  it('gives a port to what is only named, and never one that somebody asks for', () => {
    const order = wish('order', 20_000, {
      environment: { BANK: '{port:bank}', MAIL: '{port:mail}', AGAIN: '{port:bank}' },
    });
    expect(assignPorts([order])).toMatchObject({
      services: [{ environment: { PORT: '20000', BANK: '20001', MAIL: '20002', AGAIN: '20001' } }],
      standIns: [
        { service: 'bank', port: 20_001 },
        { service: 'mail', port: 20_002 },
      ],
    });
  });
});
