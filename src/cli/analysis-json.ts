import type { Analysis } from '../domain/analysis/analysis.ts';

/** What `analyze --json` prints; documented in docs/json.md. Adding is free, renaming is a breaking change. */
export function toAnalysisJson(analysis: Analysis) {
  const { diagnosis, firstFailingService, blastRadius, remediation, ranking, regions = [], missing } = analysis;
  const { verdict, service, change, category, confidence, evidence, statement, against, ruledOut } = diagnosis;
  const { suspects, alternatives = [], signatures, lessons, engine } = diagnosis;
  return {
    diagnosis: {
      verdict,
      service,
      change,
      category,
      confidence,
      firstFailingService,
      blastRadius,
      remediation,
      evidence,
      statement,
      against,
      ruledOut,
      missing,
      suspects,
      alternatives,
      signatures,
      lessons,
      engine,
    },
    ranking,
    regions,
  };
}
