/**
 * IPv4 that no provider answers at from outside: loopback (RFC 1122), private use (RFC 1918), link-local (RFC 3927), shared address space
 * (RFC 6598, which clouds hand to pods).
 */
const ownIpv4 =
  /^(?:127|10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\.\d[\d.]*$/;
/** Loopback (RFC 4291), unique local (RFC 4193) and link-local (RFC 4291) addresses. */
const ownIpv6 = /^(?:::1|f[cd][0-9a-f]{2}:[0-9a-f:]*|fe[89ab][0-9a-f]:[0-9a-f:]*)$/i;
/** Names that public DNS does not have: RFC 6761, RFC 6762, RFC 8375, ICANN's `.internal` of 2024, and services of Kubernetes. */
const ownName = /(?:^|\.)(?:localhost|local|internal|svc|home\.arpa)$/i;

/**
 * True for an address or host name inside of the own network, with or without a port: whatever does not answer there is ours, or a part of
 * our network, and no provider's.
 * Sources: RFC 1122, 1918, 3927, 4193, 4291, 6598, 6761, 6762 and 8375, each beside its pattern. O(n) for n characters.
 */
export function isInOwnNetwork(peer: string): boolean {
  const bare = peer.replace(/^\[([^\]]*)\](:\d+)?$/, '$1').replace(/%\w+$/, '');
  const host = bare.replace(/^([^:]*):\d+$/, '$1').replace(/\.$/, '');
  // A bare word is looked up in the own search domains alone; without a port it may be any name, such as a provider's.
  const isWordWithPort = host !== bare && /^[a-z][\w-]*$/i.test(host);
  return isWordWithPort || ownIpv4.test(host) || ownIpv6.test(bare.replace(/^(::1):\d+$/, '$1')) || ownName.test(host);
}
