import { expect, test } from 'vitest';
import type { AnalysedDiagnosisJson, AnalysisJson } from '../../src/cli/analysis-json.ts';
import type { RunFile } from '../../src/cli/run-file.ts';
import type { DecisionJson, DiagnosisJson, ReproductionJson } from '../../src/client/incident-json.ts';
import type { FixTrial } from '../../src/domain/reproduction/candidate-fix.ts';
import type { FailureLocation, FailureSignature, SandboxRun } from '../../src/domain/reproduction/reproduction.ts';
import type { BuildReport, BuiltImage } from '../../src/setup/images/build-images.ts';
import type { DependencyRow } from '../../src/setup/images/find-sets.ts';
import type { ImageList, ImageRow } from '../../src/setup/images/list-images.ts';
import type { PruneReport } from '../../src/setup/images/prune-images.ts';
import type { VerifiedImage } from '../../src/setup/images/verify-images.ts';
import { readText } from './documents.ts';

type Keys<T> = Readonly<Record<keyof Required<T>, ''>>;

/** The compiler holds each list against its type: a key too few or too many does not compile. */
const decision: Keys<DecisionJson> = { decision: '', by: '', via: '', at: '', reason: '' };
const diagnosis: Keys<DiagnosisJson> = {
  ...{ verdict: '', service: '', change: '', category: '', confidence: '' },
  ...{ evidence: '', ruledOut: '', statement: '', missing: '', engine: '' },
};
const reproduction: Keys<ReproductionJson> = {
  ...{ verdict: '', suspectService: '', suspect: '', before: '', firstBad: '', firstBadKind: '', candidates: '' },
  ...{ gap: '', shownBy: '', fix: '', reason: '', runs: '', imageDigest: '' },
  ...{ signature: '', match: '', matchReason: '', frame: '' },
};
const run: Keys<SandboxRun> = {
  ...{ service: '', revision: '', command: '', end: '', exitCode: '', durationMs: '', repeat: '', known: '', way: '' },
  ...{ outputTail: '', outputDigest: '', signature: '', match: '', note: '', imageDigest: '', imageDigests: '' },
};
const signature: Keys<FailureSignature> = { type: '', template: '', printed: '', frames: '', test: '', status: '' };
const location: Keys<FailureLocation> = {
  ...{ service: '', revision: '', file: '', line: '', symbol: '', commit: '', subject: '' },
};
const fix: Keys<FixTrial> = { source: '', of: '', verdict: '', reason: '', newlyBroken: '', runs: '', changes: '' };
const list: Keys<ImageList> = { images: '', dependencies: '', notes: '', isReady: '' };
const image: Keys<ImageRow> = {
  ...{ image: '', state: '', from: '', tag: '', id: '', bytes: '', services: '', problem: '', madeBy: '' },
};
const dependency: Keys<DependencyRow> = {
  ...{ service: '', revision: '', image: '', lockfile: '', state: '', key: '', bytes: '', problem: '' },
};
const build: Keys<BuildReport & BuiltImage> = {
  ...{ images: '', dependencies: '', isReady: '' },
  ...{ image: '', id: '', tag: '', source: '', bytes: '', durationMs: '', problem: '' },
};
const verified: Keys<VerifiedImage & VerifiedImage['checks'][number]> = {
  ...{ image: '', id: '', checks: '', isRight: '', what: '', ok: '', detail: '' },
};
const analysis: Keys<AnalysisJson> = { diagnosis: '', ranking: '', regions: '', evidence: '' };
const analysed: Keys<AnalysedDiagnosisJson> = {
  ...{ verdict: '', service: '', change: '', category: '', confidence: '', engine: '', missing: '', lessons: '' },
  ...{ firstFailingService: '', blastRadius: '', remediation: '', evidence: '', statement: '', against: '' },
  ...{ ruledOut: '', suspects: '', alternatives: '', signatures: '' },
};
const ranked: Keys<AnalysisJson['ranking'][number]> = { service: '', score: '', why: '' };
const region: Keys<AnalysisJson['regions'][number]> = {
  ...{ service: '', from: '', to: '', kind: '', why: '', evidence: '' },
};
const consulted: Keys<AnalysisJson['evidence'][number]> = {
  ...{ id: '', service: '', kind: '', source: '', query: '', outcome: '', summary: '', truncated: '', reason: '' },
  citations: '',
};
const pruned: Keys<PruneReport> = { isDryRun: '', images: '', layers: '', kept: '' };
const runFile: Keys<RunFile> = { startedAt: '', supervisor: '', processes: '', temporal: '', gateway: '', docker: '' };
const docker: Keys<NonNullable<RunFile['docker']>> = { address: '', isOurs: '' };
const temporal: Keys<NonNullable<RunFile['temporal']>> = { address: '', namespace: '', uiAddress: '' };

test.each<[string, string, object]>([
  ['An incident', '`approval`', decision],
  ['An incident', '`diagnosis`', diagnosis],
  ['An incident', '`reproduction`', reproduction],
  ['A reproduction', '`runs[]`', run],
  ['A reproduction', '`signature`', signature],
  ['A reproduction', '`frame`', location],
  ['A reproduction', '`fix`', fix],
  ['An analysis', '', analysis],
  ['An analysis', '`diagnosis`', analysed],
  ['An analysis', '`ranking[]`', ranked],
  ['An analysis', '`regions[]`', region],
  ['An analysis', '`evidence[]`', consulted],
  ['The images of the sandboxes', '`images list`', list],
  ['The images of the sandboxes', 'its `images[]`', image],
  ['The images of the sandboxes', 'its `dependencies[]`', dependency],
  ['The images of the sandboxes', '`images build`', build],
  ['The images of the sandboxes', '`images verify`', verified],
  ['The images of the sandboxes', '`images prune`', pruned],
  ['What runs here', '', runFile],
  ['What runs here', '`docker`', docker],
  ['What runs here', '`temporal`', temporal],
])('docs/json.md tells under "%s" every key of %s', (heading, row, keys) => {
  const [section = ''] = (readText('docs/json.md').split(`\n## ${heading}\n`)[1] ?? '').split('\n## ');
  const told = row === '' ? section : (section.split('\n').find((line) => line.startsWith(`| ${row}`)) ?? '');
  const missing = Object.keys(keys).filter((key) => !new RegExp(`\`${key}(?:\\[\\])?\``).test(told));
  expect(missing).toEqual([]);
});
