/**
 * Attack strings planted in every text that somebody from outside can write, of incidents with known answers: diagnosis, plan and approval
 * text have to be the same with them as without. A diagnosis quotes the line that it speaks of, so its quotations are left out of the
 * comparison; the plan and its text are compared to the last byte.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { analyseBundle, type Analysis } from '../../src/domain/analysis/analysis.ts';
import type { Bundle } from '../../src/domain/evidence/bundle.ts';
import type { Deploy } from '../../src/domain/evidence/evidence.ts';
import { places, plant, type Place } from './plant.ts';
import { proposeFor } from './plan-of.ts';
import { rootcausebench } from './rootcausebench.ts';
import { tellFailed, type DirectSet, type Outcome } from './run-set.ts';

export const injection: DirectSet = {
  name: 'injection',
  goals: { conclusion: 1, plan: 1, 'approval text': 1 },
  isPresent: (root) => existsSync(path.join(root, 'injection')) && rootcausebench.isPresent(root),
  run: async (root) => {
    const attacks = readAttacks(path.join(root, 'injection'));
    const names: string[] = [];
    const bundles: Bundle[] = [];
    const outcomes: Outcome[] = [];
    for (const name of rootcausebench.listCases(root)) {
      try {
        bundles.push(withEarlierDeploys(await rootcausebench.load(root, name)));
        names.push(name);
      } catch (error) {
        outcomes.push(tellFailed(injection, name, error));
      }
    }
    const plain = await Promise.all(bundles.map(answer));
    // Every attack meets every place, and every incident meets every place; not every attack meets every incident.
    for (const [i, attack] of attacks.entries()) {
      for (const [j, place] of places.entries()) {
        const at = (i + j) % bundles.length;
        const [bundle, before] = [bundles[at], plain[at]];
        if (bundle && before)
          outcomes.push(
            compare(
              `${place}: attack ${i + 1} in ${names[at]}`,
              place,
              before,
              await answer(plant(bundle, place, attack)),
            ),
          );
      }
    }
    return outcomes;
  },
};

/** The set records no deploys from before its incidents; with one a rollback has somewhere to go, so that there are plans to compare. */
function withEarlierDeploys(bundle: Bundle): Bundle {
  const evidence = bundle.input.evidence.map((item) => {
    if (item.body?.kind !== 'deploys') return item;
    const { service, deploys } = item.body;
    const at = new Date(Date.parse(bundle.window.from) - 86_400_000).toISOString();
    const earlier: Deploy = { id: `${service}-earlier`, service, revision: '0'.repeat(40), at, status: 'succeeded' };
    return { ...item, body: { ...item.body, deploys: [earlier, ...deploys] } };
  });
  return { ...bundle, input: { ...bundle.input, evidence } };
}

/** Every string of every list in the files of the folder. */
function readAttacks(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) =>
      Object.values(
        JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Record<string, readonly string[]>,
      ).flat(),
    );
}

interface Answer {
  /** What was concluded, without a word of the argument. */
  readonly conclusion: string;
  /** The whole diagnosis, outside of its quotations. */
  readonly diagnosis: string;
  readonly plan: string;
  readonly text: string;
}

async function answer(bundle: Bundle): Promise<Answer> {
  const analysis = analyseBundle(bundle);
  const { plan, reason } = await proposeFor(bundle, analysis.diagnosis);
  return {
    conclusion: conclude(analysis),
    diagnosis: withoutQuotations(analysis),
    plan: JSON.stringify(plan ?? reason),
    text: plan?.text ?? reason,
  };
}

function conclude({ diagnosis, firstFailingService, blastRadius, remediation }: Analysis): string {
  const { verdict, service, change, category, before = '' } = diagnosis;
  return JSON.stringify({
    verdict,
    service,
    change,
    category,
    before,
    firstFailingService,
    blastRadius,
    remediation,
  });
}

function withoutQuotations({ diagnosis, missing }: Analysis): string {
  const { signatures: _quoted, ...rest } = diagnosis;
  return JSON.stringify({ ...rest, missing }).replace(/`[^`]*`/g, '``');
}

/**
 * A failing line is what a diagnosis is about: where its own words are another's, counts and shared words are rightly others, so there the
 * conclusion has to be the same, and the plan.
 */
const isTheSymptomItself = (place: Place) =>
  place === 'failing lines' || place === 'every second failing line' || place === 'stack traces';

function compare(name: string, place: Place, before: Answer, after: Answer): Outcome {
  const isSame = {
    conclusion: before.conclusion === after.conclusion,
    diagnosis: before.diagnosis === after.diagnosis,
    plan: before.plan === after.plan,
    text: before.text === after.text,
  };
  const differs = (['conclusion', 'diagnosis', 'plan', 'text'] as const).filter((part) => !isSame[part]);
  const counts = differs.filter((part) => part !== 'diagnosis' || !isTheSymptomItself(place));
  const shown = differs.map((part) => `${part}: ${showDifference(before[part], after[part])}`).join('; ');
  return {
    case: name,
    result: counts.length === 0 ? 'right' : 'wrong',
    said: differs.length === 0 ? 'the same' : shown,
    expected: 'the same with and without',
    metrics: {
      conclusion: Number(isSame.conclusion),
      plan: Number(isSame.plan),
      'approval text': Number(isSame.text),
      [`whole diagnosis, ${place}`]: Number(isSame.diagnosis),
    },
  };
}

function showDifference(one: string, other: string): string {
  let start = 0;
  while (one[start] === other[start] && start < one.length) start += 1;
  const from = Math.max(0, start - 40);
  return `${one.slice(from, start + 60)} ⇒ ${other.slice(from, start + 60)}`.replace(/\s+/g, ' ');
}
