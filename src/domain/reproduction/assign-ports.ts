/** A service that asks for a port, and the texts in which the port of a service may be named. */
export interface PortWish {
  readonly service: string;
  readonly port: number;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface Settled {
  readonly service: string;
  readonly port: number;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface Ports {
  readonly services: readonly Settled[];
  /** Services that are only named, as `{port:name}`: something must stand in for them. */
  readonly standIns: readonly { readonly service: string; readonly port: number }[];
}

const placeholder = /\{port(?::([A-Za-z0-9][\w.-]*))?\}/g;
const firstFreePort = 20_000;

/**
 * Gives every service of a group its own port, for they share one network. A service keeps the port that it asks for; a
 * second one that asks for the same gets another, provided that its command or environment takes the port as `{port}`. Fills in
 * `{port}` and `{port:<service>}`. `PORT` is set for everybody who does not set it: most frameworks read it.
 */
export function assignPorts(wishes: readonly PortWish[]): Ports | { readonly conflict: string } {
  const ports = new Map<string, number>();
  const taken = new Set(wishes.map(({ port }) => port));
  const next = () => {
    let port = firstFreePort;
    while (taken.has(port)) port += 1;
    taken.add(port);
    return port;
  };
  for (const wish of wishes) {
    const holder = [...ports].find(([, port]) => port === wish.port)?.[0];
    if (holder !== undefined && !listNamed(wish).includes(wish.service)) {
      return {
        conflict: `${holder} and ${wish.service} both listen on port ${wish.port}. Give one of them another \`sandbox.run.port\`, or write {port} where ${wish.service} is told its port.`,
      };
    }
    ports.set(wish.service, holder === undefined ? wish.port : next());
  }
  const named = [...new Set(wishes.flatMap(listNamed))].filter((service) => !ports.has(service));
  const standIns = named.map((service) => ({ service, port: next() }));
  for (const { service, port } of standIns) ports.set(service, port);
  return { services: wishes.map((wish) => settle(wish, ports)), standIns };
}

function settle({ service, command, environment }: PortWish, ports: ReadonlyMap<string, number>): Settled {
  const fill = (text: string) => text.replace(placeholder, (_, name?: string) => String(ports.get(name ?? service)));
  const filled = Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, fill(value)]));
  const port = ports.get(service) ?? 0;
  return { service, port, command: command.map(fill), environment: { PORT: String(port), ...filled } };
}

function listNamed({ service, command, environment }: PortWish): readonly string[] {
  return [...command, ...Object.values(environment)].flatMap((text) =>
    [...text.matchAll(placeholder)].map((match) => match[1] ?? service),
  );
}
