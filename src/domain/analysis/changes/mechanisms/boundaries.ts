import {
  explainAddedValue,
  explainNewDemand,
  explainNewValue,
  explainRename,
  explainRoute,
  explainTakenName,
} from '../contract-diffs.ts';
import type { DiffView } from '../diff-view.ts';
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

/** Faults of what programs agree on: with each other, with their settings, with their libraries. */
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
