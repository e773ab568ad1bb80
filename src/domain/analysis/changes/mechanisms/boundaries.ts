import {
  explainAddedValue,
  explainNewDemand,
  explainNewValue,
  explainRename,
  explainRoute,
  explainTakenName,
} from '../contract-diffs.ts';
import { count, type DiffView } from '../diff-view.ts';
import { findSwitch } from '../levels-in-diffs.ts';
import { findBumps } from '../library-bumps.ts';
import { splitWords } from '../../words.ts';
import { more, moved, replaced, type Mechanism, type Sign } from './mechanism.ts';

/** The one mechanism whose marks show at the caller alone. */
export const contract = 'changed contract';

const brokenContract: Omit<Mechanism, 'everyday' | 'explain'> = {
  name: contract,
  source: 'Zhang et al., "Understanding and detecting software upgrade failures in distributed systems", SOSP 2021',
  showsAtNeighbours: true,
  modes: ['server-error', 'rejected'],
  symptom:
    /unknown (field|column|property|key)|no (mapping|route|enum|such (column|field|table|key|property))|not found|\b(400|404|405|406|409|415|422)\b|invalid|missing|required|unexpected|unrecogni|out of range|too long|schema|pars(e|ing)|deserial|decode|unmarshal|malformed|bad request|validation|does not exist|KeyError|NoSuch|unprocessable|mismatch|TypeError|ValueError|unsupported|not set|environment variable|config|refused the|must (be|have|contain)|problem/i,
};

/**
 * Faults of what programs agree on: with each other, with their settings, with their libraries.
 * Each row names its source, and costs O(n · t) at most for n lines of the diff and t characters of errors.
 */
export const boundaryMechanisms: readonly Mechanism[] = [
  {
    ...brokenContract,
    everyday: 0.01,
    explain: (diff, text) =>
      explainRoute(diff, text) ??
      explainAddedValue(diff, text) ??
      explainTakenName(diff, text) ??
      explainNewValue(diff, text),
  },
  {
    ...brokenContract,
    everyday: 0.03,
    explain: (diff) =>
      more(
        diff,
        /\b(drop|alter|rename)\s+(table|column|type|constraint)|\bNOT NULL\b|rename_column|remove_column|change_column/i,
        'it changes the schema of stored data',
        0.7,
      ),
  },
  { ...brokenContract, everyday: 0.1, explain: explainRename },
  { ...brokenContract, everyday: 0.05, explain: explainNewDemand },
  {
    name: 'credentials and their lifetime',
    source: 'CWE-287, CWE-613, CWE-347',
    everyday: 0.09,
    modes: ['unreachable', 'rejected'],
    symptom:
      /\b(401|403|407)\b|unauthori[sz]ed|forbidden|denied|token|session|credential|jwt|signature|expired|login|authenticat|api.?key|csrf/i,
    explain: (diff) =>
      moved(diff, /ttl|life|expir|valid|max.?age|(?<![a-z])age|session|token|leeway|skew|grace/i, 'down', 0.9) ??
      moved(diff, /ttl|life|expir|valid|max.?age|(?<![a-z])age|session|token|leeway|skew|grace/i, 'any', 0.6) ??
      replaced(
        diff,
        /token|secret|scope|audience|issuer|claim|jwt|signature|permission|api.?key|credential|bearer|password/i,
        'it changes how credentials are made or checked',
        0.5,
      ),
  },
  {
    name: 'changed address',
    source: 'Xu and Zhou, "Systems approaches to tackling configuration errors", ACM Computing Surveys, 2015',
    everyday: 0.06,
    modes: ['unreachable'],
    symptom:
      /ECONNREFUSED|connection refused|ENOTFOUND|no such host|unreachable|name resolution|getaddrinfo|no route|EAI_AGAIN|dial tcp|connect(ion)? (failed|error|reset)|unavailable|bad gateway/i,
    explain: (diff) => explainAddress(diff),
  },
  {
    name: 'a network that lets less through',
    source:
      'Kubernetes documentation, "Network Policies" (what no policy allows is dropped); NIST SP 800-41 Rev. 1, 2009',
    everyday: 0.005,
    showsAtNeighbours: true,
    modes: ['unreachable', 'timeout', 'rejected'],
    symptom:
      /ETIMEDOUT|E(HOST|NET)UNREACH|ECONNREFUSED|connection refused|connect\w*[^\n]{0,40}time(d)?[ -]?out|dial tcp|i\/o timeout|no route to host|unreachable|could not connect|communications link failure|RBAC: access denied/i,
    explain: (diff) => explainRestriction(diff),
  },
  {
    name: 'another probe',
    source: 'Kubernetes documentation, "Configure Liveness, Readiness and Startup Probes"',
    everyday: 0.01,
    modes: ['unreachable', 'timeout', 'server-error'],
    symptom: /\bprobe|health.?check|unhealthy|not ready|readiness|liveness|\brestarting/i,
    explain: (diff) => explainProbe(diff),
  },
  {
    name: 'another setting read',
    source: 'Xu et al., "Early detection of configuration errors to reduce failure damage", OSDI 2016',
    everyday: 0.01,
    modes: ['unreachable', 'server-error', 'rejected'],
    symptom:
      /ECONNREFUSED|connection refused|ENOTFOUND|no such host|localhost|127\.0\.0\.1|not set|undefined|missing|required|config|environment|KeyError|denied|unauthori[sz]ed/i,
    explain: (diff) => explainSetting(diff),
  },
  {
    name: 'refused handshake',
    source: 'RFC 8446, section 6.2 (protocol_version, handshake_failure, unknown_ca)',
    everyday: 0.01,
    modes: ['unreachable'],
    symptom:
      /protocol.?version|unsupported protocol|handshake.?failure|no shared cipher|unknown.?(ca|authority)|self.?signed/i,
    explain: (diff) =>
      replaced(
        diff,
        /\bTLS|\bssl_|cipher|certificate|\.(crt|pem|jks|p12)\b|\bminVersion|protocols?\b/i,
        'it changes how connections are secured',
        0.7,
      ),
  },
  {
    name: 'another path switched on',
    source: 'Rahman et al., "Feature toggles: practitioner practices and a case study", MSR 2016',
    everyday: 0.02,
    modes: ['timeout', 'server-error', 'rejected'],
    symptom: /(error|exception|panic|traceback|fail)/i,
    explain: (diff, text) => explainSwitch(diff, text),
  },
  {
    name: 'another version of a library',
    source: 'Raemaekers et al., "Semantic versioning and impact of breaking changes in the Maven repository", JSS 2017',
    everyday: 0.03,
    modes: ['timeout', 'server-error', 'rejected'],
    symptom: /node_modules\/|(site|dist)-packages\/|@v\d|\/gems\//,
    explain: ({ hunks }, text) => {
      const bump = findBumps(hunks).find(({ marks }) => marks.some((mark) => text.includes(mark)));
      return (
        bump && { what: `it moves \`${bump.name}\`, whose code the stacks pass through`, strength: 0.7, isNamed: true }
      );
    },
  },
];

const networkRules =
  /NetworkPolicy|network[-_]?polic|netpol|AuthorizationPolicy|security[-_]?group|firewall|iptables|nftables|\bufw\b|network[-_]?acl|\bnsg\b/i;
const denies =
  /kind:\s*\w*(Network|Authorization)Policy\b|policyTypes|\b(deny|drop|reject|block)\b|default[-_]deny|(in|e)gress:\s*\[\]/i;
const allows =
  /cidr|ipBlock|\b(from|to|ports?)\b["']?\s*[:=]|\ballow|\baccept\b|selector|source_ranges|(source|destination)_\w+|security_groups|(in|e)gress/i;

/** Rules of a network that came to deny, or allow less or other things. */
function explainRestriction({ hunks }: DiffView): Sign | undefined {
  const rules = hunks.filter(({ path, header, lines }) => networkRules.test([path, header, ...lines].join('\n')));
  const removed = rules.flatMap((hunk) => hunk.removed);
  const added = rules.flatMap((hunk) => hunk.added);
  if (count(added, denies) > count(removed, denies))
    return { what: 'it adds a rule by which the network denies connections', strength: 0.85 };
  if (count(removed, allows) > count(added, allows))
    return { what: 'it removes what the network allowed', strength: 0.8 };
  return count(removed, allows) > 0 ? { what: 'it changes what the network allows', strength: 0.65 } : undefined;
}

const probe = /(readiness|liveness|startup)_?probe|health_?check/i;
const probeSetting =
  /probe|health_?check|\b(path|port|scheme|command|exec|httpGet|tcpSocket|grpc|interval|timeout|retries|matcher)\b["']?\s*[:=]|(initialDelay|period|timeout)Seconds|Threshold|unhealthy_|healthy_/i;

/** What a probe asks, where, how long it waits, or that there is one. */
function explainProbe({ hunks }: DiffView): Sign | undefined {
  const isOther = hunks.some(
    ({ path, header, lines, removed, added }) =>
      probe.test([path, header, ...lines].join('\n')) && count([...removed, ...added], probeSetting) > 0,
  );
  return isOther ? { what: 'it changes by what a probe calls the process well', strength: 0.75 } : undefined;
}

const address =
  /https?:\/\/[^\s"'`)]+|\b[a-z][\w-]*(?:\.[\w-]+)*:\d{2,5}\b|\b\w*(?:host|port|addr|address|endpoint|url)\w*["']?\s*[:=]\s*["']?[\w.:/${}-]+/gi;

/** Addresses that went, and others that came. */
function explainAddress({ removed, added }: DiffView): Sign | undefined {
  const addresses = (lines: readonly string[]) => new Set(lines.flatMap((line) => line.match(address) ?? []));
  const [before, after] = [addresses(removed), addresses(added)];
  const isMoved = [...before].some((item) => !after.has(item)) && [...after].some((item) => !before.has(item));
  return isMoved ? { what: 'it changes the address of something that is called', strength: 0.75 } : undefined;
}

const settingName =
  /(?:environ(?:\.get)?\s*[[(]|getenv\(|\benv\(|process\.env\.|ENV\[|LookupEnv\()\s*["']?([A-Za-z_][\w.]{2,})|\$\{([A-Z][A-Z0-9_]{2,})/g;

/** Settings that are asked for by another name. */
function explainSetting({ removed, added }: DiffView): Sign | undefined {
  const settings = (lines: readonly string[]) =>
    lines.flatMap((line) => [...line.matchAll(settingName)].map((match) => match[1] ?? match[2] ?? ''));
  const [before, after] = [settings(removed), settings(added)];
  const gone = before.find((name) => !after.includes(name));
  const come = after.find((name) => !before.includes(name));
  return gone === undefined || come === undefined
    ? undefined
    : { what: `it reads the setting \`${come}\` where it read \`${gone}\``, strength: 0.8 };
}

/** A switch whose every word the failing code goes by. */
function explainSwitch({ hunks }: DiffView, text: string): Sign | undefined {
  const told = new Set(splitWords(text));
  const found = findSwitch(hunks).find(({ name }) => {
    const words = splitWords(name);
    return words.length >= 2 && words.every((word) => told.has(word));
  });
  return (
    found && {
      what: `it sets \`${found.name}\` from ${found.from} to ${found.to}, and the failures go by that name`,
      strength: 0.75,
      isNamed: true,
    }
  );
}
