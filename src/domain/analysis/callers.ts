/** An address as logs write it: IPv4, or IPv6 in brackets, behind the slash of Java's sockets or without, with a port or none. */
const address = String.raw`/?(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])(?::\d+)?`;

/**
 * Words that servers write before the address of whoever calls them. A bare `from` says nothing, since answers and errors come from callees too.
 * As net/http of Go, sshd, PostgreSQL, Redis, Netty and HAProxy write it.
 */
const callerWords = new RegExp(
  String.raw`\b(?:(?:handshake(?: error)?|connect(?:ion|ions|ed)?|requests?|calls?|logins?|sessions?|traffic|clients?|preface)(?: \w+)? from` +
    String.raw`|connection received:? host[=:]?|accept(?:ed|ing)|serving|client|peer|remote(?:[ _-]?(?:addr(?:ess)?|ip|host))?|x-(?:forwarded-for|real-ip))` +
    String.raw`[\s:="'(]*${address}`,
  'gi',
);
/** Only whoever calls meets these, so that the same words name a callee there. */
const asCaller =
  /\bdial\b|ECONNREFUSED|connection refused|\bconnect(?:ing)? to\b|no route to host|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|\bupstream\b/i;

/** The end of a line of nginx, where all but `upstream` speaks of the client and of nginx itself. Source: nginx, ngx_http_log_error. */
const nginxEnd = /, client: (?=\S)/;
const nginxOwn = /, (?:client|server|request|host|referrer): (?:"[^"]*"|[^,\s]*)/g;

/** Go's `local->remote` of a socket: the first is one's own end. Source: Go, net.OpError. */
const socketEnds = new RegExp(String.raw`(${address})->(${address})`, 'g');
/** Whoever opens a connection does so from a port of this range and more. Source: Linux, ip_local_port_range. */
const firstEphemeralPort = 32_768;

/** Nobody is called at these: a process listens there on every interface. */
const listener = /(?<![\d.])0\.0\.0\.0(?::\d+)?(?![\d.])|\[::\](?::\d+)?|(?<![0-9a-f:.]):::\d+/gi;

/**
 * The text of a line without the addresses of those who called and of what one listens at; addresses of callees stay. O(n) in the text.
 * Our own rule after the servers' manuals named above.
 */
export function dropCallers(text: string): string {
  const ended = nginxEnd.test(text) ? text.replace(nginxOwn, ' ') : text;
  const named = ended
    .replace(socketEnds, (_, local: string, remote: string) =>
      readPort(remote) >= firstEphemeralPort && readPort(local) < firstEphemeralPort ? ' ' : remote,
    )
    .replace(listener, ' ');
  return asCaller.test(named) ? named : named.replace(callerWords, ' ');
}

/** Field names under which servers write who called; a bare `remote` or `peer` may be either. Such as `remote_addr` of nginx. */
export function isCallerField(key: string): boolean {
  return /(^|[._-])(remote|client)[._-]?(addr|address|ip)$/i.test(key);
}

/** True for an address at which a process listens on every interface, and nobody is called. */
export function isListener(peer: string): boolean {
  return /^(?:0\.0\.0\.0|\[?::\]?)(?::\d+)?$/.test(peer);
}

function readPort(end: string): number {
  return Number(/:(\d+)$/.exec(end)?.[1] ?? 0);
}
