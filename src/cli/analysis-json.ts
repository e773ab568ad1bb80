import type { Analysis } from '../domain/analysis/analysis.ts';
import type { Diagnosis } from '../domain/diagnosis/diagnosis.ts';

/** What `analyze --json` prints; documented in docs/json.md. Adding is free, renaming is a breaking change. */
export interface AnalysisJson {
  readonly diagnosis: AnalysedDiagnosisJson;
  readonly ranking: Analysis['ranking'];
  readonly regions: NonNullable<Analysis['regions']>;
  readonly evidence: Analysis['evidence'];
}

export interface AnalysedDiagnosisJson extends Pick<
  Diagnosis,
  | 'verdict'
  | 'service'
  | 'change'
  | 'category'
  | 'confidence'
  | 'evidence'
  | 'statement'
  | 'against'
  | 'ruledOut'
  | 'missing'
  | 'suspects'
  | 'signatures'
  | 'lessons'
  | 'engine'
> {
  readonly firstFailingService: string;
  readonly blastRadius: readonly string[];
  readonly remediation: Analysis['remediation'];
  readonly alternatives: NonNullable<Diagnosis['alternatives']>;
}

export function toAnalysisJson(analysis: Analysis): AnalysisJson {
  const { diagnosis, firstFailingService, blastRadius, remediation, ranking, regions = [], missing } = analysis;
  const { evidence: consulted } = analysis;
  const { verdict, service, change, category, confidence, evidence, statement, against, ruledOut } = diagnosis;
  const { suspects, alternatives = [], signatures, lessons, engine } = diagnosis;
  return {
    diagnosis: {
      ...{ verdict, service, change, category, confidence },
      ...{ firstFailingService, blastRadius, remediation },
      ...{ evidence, statement, against, ruledOut, missing },
      ...{ suspects, alternatives, signatures, lessons, engine },
    },
    ranking,
    regions,
    evidence: consulted,
  };
}
