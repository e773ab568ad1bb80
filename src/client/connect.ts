import { Client, Connection, type ClientOptions, type ConnectionOptions } from '@temporalio/client';

export interface TemporalAddress {
  readonly connectionOptions: ConnectionOptions;
  readonly namespace: string;
}

/**
 * A client that connects when it is first used, so that a process can start before Temporal does. gRPC reconnects by itself
 * after a restart of the server.
 */
export function connect(address: TemporalAddress, options: Partial<ClientOptions> = {}): Client {
  const connection = Connection.lazy(address.connectionOptions);
  return new Client({ ...options, connection, namespace: address.namespace });
}

/** Asks the server for one small thing. @throws when it does not answer within `withinMs`. */
export async function pingTemporal(client: Client, withinMs = 2_000): Promise<void> {
  await client.connection.withDeadline(Date.now() + withinMs, () =>
    client.connection.workflowService.getSystemInfo({}),
  );
}
