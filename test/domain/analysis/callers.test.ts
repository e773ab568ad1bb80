import { describe, expect, it } from 'vitest';
import { readPeers } from '../../../src/domain/analysis/calls.ts';

const peersOf = (message: string, fields: Readonly<Record<string, string>> = {}) =>
  readPeers({ at: '2026-03-01T12:00:00Z', level: 'error', message, fields });

describe('nobody is taken for a callee', () => {
  it.each([
    'http: TLS handshake error from 192.0.2.35:32134: tls: failed to verify client certificate: x509: certificate has expired',
    'http: TLS handshake error from [2001:db8::7]:41234: EOF',
    'http: panic serving 10.4.1.9:51234: runtime error: index out of range [3]',
    'http2: server: error reading preface from client 10.4.1.9:51234: timeout awaiting preface',
    'Connection error from /10.4.1.9:51234: unexpected frame',
    'Accepted 10.4.1.9:51234, and closed it at once',
    'could not parse the request, x-forwarded-for: 203.0.113.9:4431',
    'request failed, remote_addr=203.0.113.9:4431',
    'read tcp 10.4.1.2:8080->10.4.1.9:51234: i/o timeout',
    'listening on 0.0.0.0:8443 failed',
    '2026/10/21 12:50:24 [error] 31#31: *7 SSL_do_handshake() failed (SSL: error:0A000102:SSL routines::unsupported protocol) while SSL handshaking, client: 198.51.100.7, server: 0.0.0.0:443',
    'client intended to send too large body: 9 bytes, client: 198.51.100.7, server: www.pier.example.com, request: "POST /a HTTP/1.1", host: "www.pier.example.com"',
  ])('who calls, or where one listens: %s', (message) => {
    expect(peersOf(message)).toEqual([]);
  });

  it('by the field that servers write the caller in', () => {
    expect(peersOf('rejected', { remote_addr: '203.0.113.9', 'client.address': '203.0.113.9' })).toEqual([]);
  });
});

it.each([
  ['read error from 10.4.1.2:6379: connection reset', '10.4.1.2:6379'],
  ['no answer from 10.4.1.2:6379', '10.4.1.2:6379'],
  ['redis client 10.4.1.2:6379: connection refused', '10.4.1.2:6379'],
  ['dial tcp 10.4.1.2:5432: connect: connection refused', '10.4.1.2:5432'],
  ['read tcp 10.4.1.9:51234->10.4.1.2:5432: connection reset by peer', '10.4.1.2:5432'],
  [
    'connect() failed (111: Connection refused) while connecting to upstream, client: 198.51.100.7, server: www.pier.example.com, request: "GET / HTTP/1.1", upstream: "http://10.4.1.2:8080/", host: "www.pier.example.com"',
    '10.4.1.2:8080',
  ],
])('a callee stays one: %s', (message, callee) => {
  expect(peersOf(message)[0]).toBe(callee);
});
