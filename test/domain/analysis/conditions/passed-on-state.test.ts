import { describe, expect, it } from 'vitest';
import { incident, incidentFrom, repeat, wrap } from '../incident.ts';
import { argueSoundly, flat, gauge, ramp, warning } from './platform-incident.ts';

const fails = (message: string) => repeat(40, 60, 10, () => ({ level: 'error', message, fields: { status: 500 } }));

describe('a state that a caller quotes', () => {
  it('belongs to the system that shows it, though no call graph says who calls whom', () => {
    const full = warning(41, 'tides-db', 'failure', 'The instance has reached the storage-full state', {
      severity: 'error',
    });
    const input = incident(
      {
        wharf: { lines: fails('ERROR: could not write to file "pg_wal/xlogtemp.9": No space left on device') },
        'tides-db': { series: [gauge('FreeStorageSpace', [...flat(2e9, 10), ...ramp(2e9, 1e7, 20)])] },
      },
      {},
    );
    const events = wrap('tides-db', 'events', { kind: 'events', service: 'tides-db', incidentFrom, events: [full] });
    const diagnosis = argueSoundly({ ...input, evidence: [...input.evidence, events] });
    expect(diagnosis).toMatchObject({ service: 'tides-db', change: 'none', category: 'resource' });
  });

  it.each([
    'fetch https://img.example.com/9: dial tcp 203.0.113.8:443: socket: too many open files',
    'GET https://img.example.com/9 failed: connect EADDRNOTAVAIL 203.0.113.8:443',
    'dial tcp 203.0.113.8:443: connect: cannot assign requested address',
  ])('is its own where its own system gives it no socket: %s', (message) => {
    const diagnosis = argueSoundly(incident({ wharf: { lines: fails(message) } }, {}));
    expect(diagnosis.service).toBe('wharf');
    expect(diagnosis.category).not.toBe('outside-dependency');
  });
});
