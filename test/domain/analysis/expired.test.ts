import { describe, expect, it } from 'vitest';
import { analyse } from '../../../src/domain/analysis/analyst.ts';
import { chatter, incident, repeat } from './incident.ts';

const failing = (message: string, level: 'error' | 'warn' = 'error') =>
  repeat(40, 60, 10, () => ({ level, message, fields: {} }));
const graph = { ferry: ['tides'] };

describe('a certificate that ran out is the one of', () => {
  it('whoever is called, where its caller cannot verify it, though nothing was collected of it', () => {
    const message =
      'Get "https://tides.harbour.svc:8443/now": tls: failed to verify certificate: x509: certificate has expired or is not yet valid';
    expect(analyse(incident({ ferry: { lines: [...chatter(), ...failing(message)] } }, graph))).toMatchObject({
      service: 'tides',
      change: 'none',
      category: 'infrastructure',
    });
  });

  it('the client, where the server refuses it and tells so first', () => {
    const server =
      'http: TLS handshake error from 192.0.2.35:32134: tls: failed to verify client certificate: x509: certificate has expired or is not yet valid';
    const client = 'Get "https://tides.harbour.svc:8443/now": remote error: tls: expired certificate';
    const both = {
      ferry: { lines: [...chatter(), ...failing(client).slice(4)] },
      tides: { lines: [...chatter(), ...failing(server, 'warn')] },
    };
    expect(analyse(incident(both, graph))).toMatchObject({
      service: 'ferry',
      change: 'none',
      category: 'infrastructure',
    });
  });
});
