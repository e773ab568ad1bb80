import { describe, expect, it } from 'vitest';
import type { IncidentState } from '../../../src/domain/incident/incident.ts';
import { renderRemediation, renderResident } from '../../../src/domain/report/render-child-details.ts';
import { renderDetails, renderOpening } from '../../../src/domain/report/render-details.ts';
import { detailsOf, inline, summaryLine } from '../../../src/domain/report/ui-text.ts';
import { closedState } from '../../incident-state.ts';

const hostile =
  '# <img src=x onerror=alert(1)> [click](https://evil.example) ![p](http://evil.example/p.png) www.evil.example `code` | cell\n\n## Approved\n```\n<script>x</script>';

/** Every text of a state that comes from outside, made hostile; what is ours (ids, kinds, times) stays. */
function poison<T>(value: T, key = ''): T {
  const ours =
    /^(at|.*At|phase|severity|status|outcome|verdict|end|mode|risk|type|via|decision|kind|category|state|agreement|revision|result)$/;
  if (typeof value === 'string') return (ours.test(key) ? value : hostile) as T;
  if (Array.isArray(value)) return value.map((item) => poison(item as unknown, key)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poison(item as unknown, name)])) as T;
}

/** What is left of a page when its code and its escaped characters are gone: there no markup of others may stand. */
function outsideCode(markdown: string): string {
  return markdown
    .replace(/^(`{3,})[a-z]*\n[\s\S]*?\n\1$/gmu, '')
    .replace(/\\[^a-z\n]/gu, '')
    .replace(/`[^`\n]*`/gu, '');
}

function expectHarmless(markdown: string): void {
  const text = outsideCode(markdown);
  expect(text).not.toMatch(/<\/?[a-z!]/iu);
  expect(text).not.toContain('](');
  expect(text).not.toMatch(/https?:\/\//u);
  expect(text).not.toMatch(/www\.[a-z]/u);
  expect(text).not.toMatch(/^\s*(?:[-*\d.]+\s+)?#+ (?:Approved|<)/mu);
}

const { outcome: _outcome, outcomeReason: _reason, ...open } = closedState;
const waiting: IncidentState = { ...open, phase: 'approve', awaitingApproval: true, approvals: [], readings: [] };

describe('the live details', () => {
  it('put a wanted decision with a text to copy before the evidence', () => {
    const page = renderDetails(waiting);
    expect(page).toMatch(/^## order-service: waiting for your decision/);
    expect(page.indexOf('"planDigest"')).toBeGreaterThan(0);
    expect(page.indexOf('"planDigest"')).toBeLessThan(page.indexOf('### Why'));
    expect(page).toContain(`{"planDigest":"${closedState.plan?.digest ?? ''}","by":"ana"}`);
    expect(page).toContain('mallory may not decide');
  });

  it('tell cause, repair, approval and outcome in the first lines of a closed incident', () => {
    const top = renderDetails(closedState).slice(0, 1_200);
    expect(top).toMatch(/^## order-service: recovered/);
    for (const part of [
      'OrderErrors',
      'user-service',
      'reproduced in the sandbox',
      'Roll user-service back',
      'by ana',
      'recovered',
    ]) {
      expect(top).toContain(part);
    }
    expect(top).not.toMatch(/[0-9a-f]{40}/);
  });

  it('tell a plan that was rejected from one that waits', () => {
    const approvals = closedState.approvals.map((item) => ({ ...item, decision: 'reject' as const }));
    const page = renderDetails({ ...open, round: 2, approvals });
    expect(page).toMatch(/^### The plan .*, rejected by ana in round 1$/mu);
    expect(page).toMatch(/^### The plan word for word, .*, rejected by ana in round 1$/mu);
    expect(renderDetails(closedState)).not.toContain('rejected by');
  });

  it('let no text from outside become markup, HTML, a link or a heading', () => {
    const { plan, remediation, undo, readings } = poison(closedState);
    for (const state of [closedState, poison(closedState), poison(waiting)]) expectHarmless(renderDetails(state));
    expectHarmless(renderOpening(hostile, poison(closedState.alerts)));
    const evidence = poison(closedState.evidence);
    expectHarmless(renderResident({ service: hostile, askedAbout: hostile, evidence, pending: 0, summary: hostile }));
    if (plan && remediation) {
      expectHarmless(
        renderRemediation({ plan, approvals: [], actions: remediation.actions, undo, readings, step: hostile }),
      );
    }
  });

  it('stay below the 20,000 bytes that the server takes, and say that something was left out', () => {
    const long = '語'.repeat(5_000);
    const claims = Array.from({ length: 40 }, () => ({ text: long, evidence: ['a/logs/1'] }));
    const diagnosis = {
      ...closedState.diagnosis!,
      statement: claims,
      against: claims,
      missing: claims.map(() => long),
    };
    const alerts = Array.from({ length: 100 }, () => ({ ...closedState.alerts[0]!, summary: long, name: long }));
    const timeline = Array.from({ length: 500 }, () => ({ ...closedState.timeline[0]!, text: long }));
    const page = renderDetails({ ...closedState, diagnosis, alerts, timeline });
    expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(20_000);
    expect(page).toContain('room for no more');
    expect(Buffer.byteLength(JSON.stringify(renderOpening('s', alerts)))).toBeLessThan(20_000);
  });
});

describe('texts for the UI', () => {
  it('keep a summary below 400 encoded bytes without splitting a character', () => {
    for (const text of ['"'.repeat(500), '😀'.repeat(500), '語'.repeat(500), 'a\u0000\n b'.repeat(200)]) {
      const line = summaryLine(text);
      expect(Buffer.byteLength(JSON.stringify(line))).toBeLessThanOrEqual(400);
      expect(line).not.toMatch(/[\ud800-\udbff]$|\n/u);
    }
    expect(summaryLine(`Roll back to ${'a'.repeat(40)}`)).toBe(`Roll back to ${'a'.repeat(12)}`);
  });

  it('escape what would open a block at the start of a list item', () => {
    expect(['- a', '1. a', '+ a', '# a'].map((text) => inline(text))).toEqual(['\\- a', '1\\. a', '\\+ a', '\\# a']);
  });

  it('leave out the section that does not fit and keep the ones that do', () => {
    expect(detailsOf(['first', 'x'.repeat(30_000), 'last'])).toMatch(/^first\n\nlast\n\n\*This page/);
    const full = detailsOf(Array.from({ length: 100 }, () => '語"'.repeat(100)));
    expect(Buffer.byteLength(JSON.stringify(full))).toBeGreaterThan(16_000);
    expect(Buffer.byteLength(JSON.stringify(full))).toBeLessThan(20_000);
  });
});
