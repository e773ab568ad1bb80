import type { Claim, Diagnosis, RuledOut } from '../../domain/diagnosis/diagnosis.ts';
import type { EngineInput } from '../../domain/diagnosis/engine.ts';
import { readInventory, type Inventory } from '../../domain/diagnosis/prompt.ts';
import { cleanLine } from '../../domain/diagnosis/prompt-text.ts';
import { findScriptFault, type WrittenProof } from '../../domain/reproduction/written-proof.ts';
import { diagnosisReport, type DiagnosisReport } from './tools.ts';

export type Acceptance =
  { readonly diagnosis: Diagnosis; readonly proof?: WrittenProof } | { readonly refused: string };

/**
 * Judges what a model reported. Every identifier must be a member of the inventory of this incident, and a cause must cite
 * evidence sentence by sentence; otherwise the whole answer is refused, with the reason for the report.
 */
export function acceptDiagnosis(answer: unknown, input: EngineInput, analyst: Diagnosis, engine: string): Acceptance {
  const parsed = diagnosisReport.safeParse(answer);
  if (!parsed.success) {
    const faults = parsed.error.issues
      .slice(0, 3)
      .map((issue) => `${issue.path.join('.') || 'answer'}: ${issue.message}`);
    return { refused: cleanLine(`its report has another shape than asked for (${faults.join('; ')})`, 350) };
  }
  const inventory = readInventory(input);
  const fault = findFault(parsed.data, inventory, input, analyst);
  if (fault !== undefined) return { refused: fault };
  const { proof, note } = readProof(parsed.data);
  const diagnosis = convert(parsed.data, inventory, analyst, engine);
  const missing = note === undefined ? diagnosis.missing : [...diagnosis.missing, note];
  return { diagnosis: { ...diagnosis, missing }, ...(proof ? { proof } : {}) };
}

/** A report without citations of what does not exist, and without the sentences that have none left. What is no report stays as it is. */
export function dropUnproven(report: unknown, evidenceIds: readonly string[]): unknown {
  const parsed = diagnosisReport.safeParse(report);
  if (!parsed.success) return report;
  const { statement, against, ruledOut, missing } = parsed.data;
  const known = <T extends { readonly evidence: readonly string[] }>(items: readonly T[]) =>
    items.flatMap((item) => {
      const evidence = item.evidence.filter((id) => evidenceIds.includes(id));
      return evidence.length === 0 ? [] : [{ ...item, evidence }];
    });
  const kept = { statement: known(statement), against: known(against), ruledOut: known(ruledOut) };
  const dropped = statement.length + against.length + ruledOut.length - Object.values(kept).flat().length;
  const note = `${dropped} of the model's sentences cited no evidence that exists, and were dropped.`;
  return { ...parsed.data, ...kept, missing: dropped > 0 ? [...missing.slice(0, 19), note] : missing };
}

/** What goes to the sandbox, of an answer that accuses a change. A script that is not as it must be is left out, and that is told. */
function readProof({ verdict, script, fix }: DiagnosisReport): {
  readonly proof?: WrittenProof;
  readonly note?: string;
} {
  if (verdict !== 'cause') return {};
  const fault = script ? findScriptFault(script) : undefined;
  const proof = { ...(script && fault === undefined ? { script } : {}), ...(fix ? { fix } : {}) };
  return {
    ...(Object.keys(proof).length > 0 ? { proof } : {}),
    ...(fault === undefined ? {} : { note: cleanLine(`The script that the model wrote was not used: ${fault}.`, 400) }),
  };
}

function findFault(
  report: DiagnosisReport,
  inventory: Inventory,
  input: EngineInput,
  analyst: Diagnosis,
): string | undefined {
  const cited = [...report.statement, ...report.against, ...report.ruledOut].flatMap((item) => item.evidence);
  const unknown = cited.find((id) => !inventory.evidenceIds.includes(id));
  if (unknown !== undefined) return `it cites evidence that does not exist (${name(unknown)})`;
  const changes = Object.values(inventory.changes).flat();
  const known = analyst.ruledOut.map((item) => item.candidate);
  const candidates = [...inventory.services, ...inventory.outside, ...changes, ...known];
  const stranger = report.ruledOut.find((item) => !candidates.includes(item.candidate));
  if (stranger) return `it rules out something that is not in the inventory (${name(stranger.candidate)})`;
  if (report.verdict !== 'inconclusive' && report.statement.some((claim) => claim.evidence.length === 0)) {
    return 'it claims something in a sentence that cites no evidence';
  }
  const words = [...report.statement, ...report.against].map(({ text }) => text);
  if ([...words, ...report.ruledOut.map(({ reason }) => reason)].some((text) => cleanLine(text, 1_000) === '')) {
    return 'it holds a sentence of nothing but characters that nobody sees';
  }
  // What an answer without a cause names is dropped by `convert`.
  if (report.verdict !== 'cause') return undefined;
  const services = [...inventory.services, ...Object.values(input.dependencies).flat()];
  if (!services.includes(report.service)) {
    return `it blames a service that is not in the inventory (${name(report.service)})`;
  }
  if (report.change !== 'none' && !inventory.changes[report.service]?.includes(report.change)) {
    return `it blames a change that is not in the inventory of ${report.service} (${name(report.change)})`;
  }
  return undefined;
}

function convert(report: DiagnosisReport, inventory: Inventory, analyst: Diagnosis, engine: string): Diagnosis {
  const isCause = report.verdict === 'cause';
  const isSameService = isCause && report.service === analyst.service;
  const change = isCause ? report.change : 'none';
  const before = isSameService && change === analyst.change ? analyst.before : inventory.before[change];
  const suspects = isSameService ? analyst.suspects.filter((id) => id !== change) : [];
  const statement = report.statement.map(convertClaim);
  return {
    verdict: report.verdict,
    service: isCause ? report.service : '',
    change,
    category: isCause ? report.category : report.verdict === 'no-fault' ? 'none' : 'unknown',
    confidence: isCause || report.verdict === 'no-fault' ? report.confidence : 0,
    statement,
    evidence: [...new Set(statement.flatMap((claim) => claim.evidence))],
    against: report.against.map(convertClaim),
    ruledOut: report.ruledOut.map(convertRuledOut),
    ...(before === undefined ? {} : { before }),
    suspects: change === 'none' ? suspects : [change, ...suspects],
    ...carryAlternatives(analyst, isCause ? report.service : ''),
    signatures: analyst.signatures,
    missing: [...new Set([...report.missing.map((text) => cleanLine(text, 400)).filter(Boolean), ...analyst.missing])],
    lessons: analyst.lessons,
    engine,
  };
}

/**
 * What else the sandbox should try: the analyst's own first suspect where the model accuses another service, then the analyst's other
 * ones. Without the service that the model accuses.
 */
function carryAlternatives(analyst: Diagnosis, accused: string): Pick<Diagnosis, 'alternatives'> {
  const { service, suspects, before, alternatives = [] } = analyst;
  const first = service === '' ? [] : [{ service, suspects, ...(before === undefined ? {} : { before }) }];
  const others = [...first, ...alternatives].filter((other) => other.service !== accused && other.suspects.length > 0);
  return others.length === 0 ? {} : { alternatives: others };
}

function convertClaim(claim: Claim): Claim {
  return { text: cleanLine(claim.text, 1_000), evidence: [...new Set(claim.evidence)] };
}

function convertRuledOut(item: RuledOut): RuledOut {
  return { candidate: item.candidate, reason: cleanLine(item.reason, 1_000), evidence: [...new Set(item.evidence)] };
}

function name(text: string): string {
  return cleanLine(text, 80);
}
