import type { EvidenceWithBody } from '../engine.ts';
import { fitLines, type EvidenceQuestion } from '../questions.ts';
import { renderBody, renderChange, renderChangeHead } from './render-body.ts';

type ChangeQuestion = Extract<EvidenceQuestion, { name: 'query_changes' }>;

/** All that changed about a service (commits, deploys, flags, what the platform did), or the whole diff of one change. */
export function answerChanges(evidence: readonly EvidenceWithBody[], question: ChangeQuestion): string {
  const { service, change, path } = question;
  const bodies = evidence.flatMap(({ body }) => (body?.service === service ? [body] : []));
  const commits = bodies.flatMap((body) => (body.kind === 'changes' ? body.changes : []));
  if (change !== undefined) {
    const [found] = commits.filter(({ id }) => id === change);
    if (!found) return `No commit of ${service} with that id was collected.`;
    const files = found.files.filter((file) => path === undefined || file.path === path);
    return fitLines(renderChange({ ...found, files }));
  }
  const lines = bodies.flatMap((body) => {
    switch (body.kind) {
      case 'changes':
        return body.changes
          .filter(({ files }) => path === undefined || files.some((file) => file.path === path))
          .map(
            (one) =>
              `${renderChangeHead(one)} (${one.files
                .map((file) => file.path)
                .join(', ')
                .slice(0, 300)})`,
          );
      case 'deploys':
      case 'flags':
      case 'events':
        return renderBody(body);
      case 'logs':
      case 'metrics':
      case 'traces':
      case 'source':
      case 'lessons':
        return [];
    }
  });
  return lines.length === 0 ? `No change of ${service} was collected.` : fitLines(lines);
}
