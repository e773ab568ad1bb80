import { afterAll, describe, expect, test } from 'vitest';
import { digestValue, sealPlan, verifyPlanDigest } from '../../src/adapters/canonical-json.ts';
import type { Plan } from '../../src/domain/plan/plan.ts';
import { makeAction, makePlan, makeWorld, removeWorlds } from '../server/actions-harness.ts';

afterAll(removeWorlds);

describe('a digest', () => {
  test('does not depend on the order of keys', () => {
    expect(digestValue({ b: 1, a: [{ d: 2, c: 3 }] })).toBe(digestValue({ a: [{ c: 3, d: 2 }], b: 1 }));
  });

  test('is SHA-256 over the canonical bytes', () => {
    // printf '{"a":1,"b":"é"}' | sha256sum
    expect(digestValue({ b: 'é', a: 1 })).toBe('09ad9fd2fb648cb2f62141215828ea00a62c299db05d20aa9ade2f527a301cc6');
  });

  test.each([
    ['a lone surrogate', '\ud800'],
    ['no number', Number.NaN],
    ['nothing', undefined],
  ])('refuses %s', (_name, value) => {
    expect(() => digestValue(value)).toThrow();
  });
});

describe('a sealed plan', () => {
  const plan = makePlan(makeAction(makeWorld()));

  test('verifies, also after it went through JSON', () => {
    expect(verifyPlanDigest(plan)).toBeUndefined();
    expect(verifyPlanDigest(JSON.parse(JSON.stringify(plan)) as Plan)).toBeUndefined();
  });

  test('does not verify with any leaf of it changed, taken away or added', () => {
    const mutants = listMutants(plan);
    expect(mutants.length).toBeGreaterThan(40);
    for (const { path, mutant } of mutants)
      expect(`${path}: ${verifyPlanDigest(mutant) ?? 'ACCEPTED'}`).not.toContain('ACCEPTED');
  });

  test('does not verify when its text was written for another plan, even with a digest that fits', () => {
    const { digest: _digest, ...facts } = plan;
    const forged = { ...facts, text: facts.text.replace('user-service', 'other-service') };
    expect(verifyPlanDigest({ ...forged, digest: digestValue(forged) })).toContain('text that people read');
    expect(sealPlan(facts).text).toBe(plan.text);
  });
});

function listMutants(plan: Plan): { path: string; mutant: Plan }[] {
  const mutants: { path: string; mutant: Plan }[] = [];
  const walk = (value: unknown, path: readonly (string | number)[]): void => {
    if (typeof value === 'object' && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
      if (path.length > 0)
        mutants.push({
          path: `${path.join('.')} +`,
          mutant: change(plan, path, (old) =>
            Array.isArray(old) ? [...(old as unknown[]), 'extra'] : { ...(old as object), extra: 1 },
          ),
        });
      return;
    }
    mutants.push({
      path: path.join('.'),
      mutant: change(plan, path, (old) =>
        typeof old === 'string' ? `${old}.` : typeof old === 'number' ? old + 1 : !old,
      ),
    });
    mutants.push({ path: `${path.join('.')} -`, mutant: change(plan, path, () => undefined) });
  };
  walk(plan, []);
  return mutants;
}

function change(plan: Plan, path: readonly (string | number)[], edit: (old: unknown) => unknown): Plan {
  const copy = structuredClone(plan);
  let at = copy as unknown as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  const last = path.at(-1) ?? '';
  const edited = edit(at[last]);
  if (edited === undefined) Reflect.deleteProperty(at, last);
  else at[last] = edited;
  return copy;
}
