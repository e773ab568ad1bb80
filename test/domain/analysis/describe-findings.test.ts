import { describe, expect, it } from 'vitest';
import { analyseBundle } from '../../../src/domain/analysis/analysis.ts';
import { examine } from '../../../src/domain/analysis/examine-service.ts';
import type { EvidenceWithBody } from '../../../src/domain/diagnosis/engine.ts';
import type { EvidenceBody, Span } from '../../../src/domain/evidence/evidence.ts';

const window = { from: '2026-11-21T09:00:00.000Z', to: '2026-11-21T10:30:00.000Z' };
const incidentFrom = '2026-11-21T10:00:00.000Z';
const at = (minute: number) => new Date(Date.parse(window.from) + minute * 60_000).toISOString();

function holding(body: EvidenceBody): EvidenceWithBody {
  const { kind, service } = body;
  const told = { source: 'test', query: '', outcome: 'found' as const, summary: '', digest: 'd' };
  return { evidence: { id: `${service}/${kind}/1`, service, kind, window, ...told }, body };
}

/** Requests that cart takes and hands to stock, whole; in the incident they fail there. */
function traces(service: string): EvidenceWithBody {
  const spans = Array.from({ length: 60 }, (_, n): readonly Span[] => {
    const minute = 1 + n * 1.4;
    const status = minute >= 60 ? 'error' : 'ok';
    const span = { traceId: `t${n}`, at: at(minute), durationMs: 10, status, fields: {} } as const;
    return [
      { ...span, id: `a${n}`, service: 'cart', name: 'GET /cart', kind: 'server' },
      { ...span, id: `b${n}`, parentId: `a${n}`, service: 'cart', name: 'stock', kind: 'client' },
      { ...span, id: `c${n}`, parentId: `b${n}`, service: 'stock', name: 'GET /stock', kind: 'server' },
    ];
  }).flat();
  return holding({ kind: 'traces', service, incidentFrom, spans });
}

describe('a diagnosis', () => {
  it('does not call calm what fails in the traces alone, and holds a flag of that service as a lead', () => {
    const flag = { id: 'f1', service: 'stock', flag: 'new-reader', at: at(58), from: 'off', to: 'on' };
    const flags = holding({ kind: 'flags', service: 'stock', flags: [flag] });
    const events = holding({ kind: 'events', service: 'stock', incidentFrom, events: [] });
    const evidence = [traces('cart'), traces('stock'), flags, events];
    const nobody = { findings: [], lessons: [], guidance: [], rejected: [] };
    const input = { service: 'cart', alerts: [], dependencies: { cart: ['stock'] }, evidence, ...nobody };
    const { diagnosis, firstFailingService } = analyseBundle({ window, incidentFrom, input });
    expect(diagnosis.verdict).toBe('inconclusive');
    expect(firstFailingService).toBe('stock');
    expect(diagnosis.statement.map(({ text }) => text).join()).toContain('`new-reader` of stock');
  });

  it('knows how a service was from its spans alone: calm while they are, and not unseen where they fail', () => {
    const nobody = { findings: [], lessons: [], guidance: [], rejected: [] };
    const argue = (spans: EvidenceWithBody) =>
      analyseBundle({
        window,
        incidentFrom,
        input: { service: 'cart', alerts: [], dependencies: {}, evidence: [spans], ...nobody },
      }).diagnosis;
    const failing = traces('cart');
    const calm =
      failing.body?.kind === 'traces' ? failing.body.spans.map((span) => ({ ...span, status: 'ok' as const })) : [];
    expect(argue(holding({ kind: 'traces', service: 'cart', incidentFrom, spans: calm })).verdict).toBe('no-fault');
    expect(argue(failing).verdict).not.toBe('no-fault');
    expect(argue(failing).statement[0]?.text).not.toContain('Nothing that was collected');
  });
});

describe('an examination', () => {
  it('tells where requests fail first by whole traces, points there, and cites the evidence that holds them', () => {
    const { findings, suspects, summary } = examine({
      service: 'cart',
      dependencies: ['stock'],
      evidence: [traces('cart')],
    });
    const finding = findings.find(({ kind }) => kind === 'trace');
    expect(finding).toMatchObject({ service: 'cart', pointsTo: 'stock', claim: { evidence: ['cart/traces/1'] } });
    expect(finding?.claim.text).toMatch(/(\d+) of \1 failing requests fail first in GET \/stock of stock/);
    expect(suspects).toEqual(['stock']);
    expect(summary).toBe('cart looks healthy.');
    expect(examine({ service: 'stock', dependencies: [], evidence: [traces('stock')] }).summary).toContain(
      'fail first',
    );
  });

  it('of traces that stand in the evidence of two services counts each once', () => {
    const words = (evidence: readonly EvidenceWithBody[]) =>
      examine({ service: 'cart', dependencies: ['stock'], evidence }).findings.map(({ claim }) => claim.text);
    expect(words([traces('cart'), traces('stock')])).toEqual(words([traces('cart')]));
  });

  it('tells which flags were changed, by whom, from what to what', () => {
    const flag = { id: 'f1', service: 'cart', flag: 'dark-`mode`', at: at(55), from: 'off', to: 'on', by: 'ben' };
    const { findings } = examine({
      service: 'cart',
      dependencies: [],
      evidence: [holding({ kind: 'flags', service: 'cart', flags: [flag] })],
    });
    expect(findings).toMatchObject([
      {
        kind: 'flag',
        subject: 'f1',
        claim: {
          text: `Flag \`dark-'mode'\` was changed from \`off\` to \`on\` at ${at(55)} by \`ben\`.`,
          evidence: ['cart/flags/1'],
        },
      },
    ]);
  });

  it('tells what the platform warns of, known states first, each event once, and nothing that only informs', () => {
    const event = { object: 'Pod/cart-1', severity: 'warn' as const };
    const events = [
      { ...event, at: at(61), message: 'odd thing happened' },
      { ...event, at: at(62), message: 'odd thing happened' },
      { ...event, at: at(63), severity: 'info' as const, message: 'all is well' },
      { ...event, at: at(64), reason: 'OOMKilled', message: 'Container cart was killed' },
    ];
    const { findings } = examine({
      service: 'cart',
      dependencies: [],
      evidence: [holding({ kind: 'events', service: 'cart', incidentFrom, events })],
    });
    expect(findings.map(({ kind, claim }) => `${kind}: ${claim.text}`)).toEqual([
      expect.stringMatching(/^event: The platform tells of `Pod\/cart-1` at .*OOMKilled/),
      `event: The platform tells of \`Pod/cart-1\` at ${at(62)}: \`odd thing happened\`.`,
    ]);
  });
});
