import { describe, expect, it } from 'vitest';
import { analyse } from '../../../../src/domain/analysis/analyst.ts';
import {
  codeWords,
  findStatement,
  holdsStatement,
  maskStatement,
} from '../../../../src/domain/analysis/changes/sql-shape.ts';
import { chatter, commit, deploy, incident, repeat } from '../incident.ts';

const shape = (text: string) => maskStatement(findStatement(text) ?? '');

describe('the shape of a statement', () => {
  it('is the same for a logged statement and for code that puts it together of several literals', () => {
    const logged =
      "LOG:  duration: 912.4 ms  execute s1: SELECT id, 'x y' FROM parcels WHERE hub = $1 AND day > '2026-01-01'";
    const code = [
      `    rows = run(f"SELECT id, 'x y' "`,
      `               "FROM parcels WHERE hub = :hub "`,
      `               "AND day > %(day)s")`,
    ];
    expect(holdsStatement(codeWords(code), shape(logged))).toBe(true);
  });

  it('differs where the table or a column does', () => {
    const code = codeWords(["db.query('SELECT id, hub FROM parcels WHERE hub = $1 LIMIT 5')"]);
    expect(
      holdsStatement(code, shape('duration: 9 ms statement: SELECT id, hub FROM letters WHERE hub = 3 LIMIT 5')),
    ).toBe(false);
    expect(
      holdsStatement(code, shape('duration: 9 ms statement: SELECT id, day FROM parcels WHERE hub = 3 LIMIT 5')),
    ).toBe(false);
  });

  it('is empty for statements that many programs share', () => {
    expect(shape('statement: SELECT 1')).toEqual([]);
    expect(shape('statement: SELECT * FROM parcels')).toEqual([]);
  });

  it('costs little for a long list of values', () => {
    const many = `INSERT INTO parcels (hub, day) VALUES ${Array.from({ length: 4000 }, (_, i) => `(${i}, '${i}')`).join(', ')}`;
    expect(shape(`duration: 1 ms statement: ${many}`).length).toBeLessThan(10);
  });
});

const statement = 'SELECT hub, sum(weight) FROM parcels GROUP BY hub ORDER BY hub';
const told = (message: string) => repeat(40, 60, 15, () => ({ level: 'info', message, fields: {} }));
const slow = told(`LOG:  duration: 8211.4 ms  statement: ${statement}`);
const timeoutsFrom = (minute: number) =>
  repeat(minute, 60, 10, () => ({
    level: 'error',
    message: 'query on parcels-db failed: statement timed out after 400 ms',
    fields: {},
  }));
const sums = commit(
  'wallboard',
  10,
  'live sums',
  'src/sums.js',
  `@@ -8,2 +8,2 @@ async function sums(db) {\n-  return db.query('SELECT hub, total FROM sums_by_day');\n+  return db.query('${statement}');`,
);
const turned = commit(
  'wallboard',
  10,
  'read what is newest',
  'config/jobs.yaml',
  '@@ -3,2 +3,2 @@ jobs:\n-  database: parcels-db-replica\n+  database: parcels-db\n   name: sums',
);
const other = commit(
  'wallboard',
  10,
  'sums of a day',
  'src/sums.js',
  "@@ -8,2 +8,2 @@ async function sums(db) {\n-  return [];\n+  return db.query('SELECT day, count(*) FROM parcels WHERE day = $1 GROUP BY day', [day]);",
);

function strained(change: typeof sums, minute: number, lines = slow, failsFrom = 40) {
  return analyse(
    incident(
      {
        sorting: { lines: [...chatter(), ...timeoutsFrom(failsFrom)] },
        'parcels-db': {
          lines: [
            ...repeat(-30, 60, 60, () => ({ level: 'info', message: 'checkpoint complete', fields: {} })),
            ...lines,
          ],
        },
        wallboard: { lines: chatter(), changes: [change], deploys: [deploy(change, minute)] },
      },
      { sorting: ['parcels-db'], 'parcels-db': [] },
    ),
  );
}

describe('a database that tells of a statement', () => {
  it('leads to the change that newly issues it, though its service looks healthy and nobody calls it', () => {
    const { verdict, service, change, confidence } = strained(sums, 38);
    expect({ verdict, service, change }).toEqual({ verdict: 'cause', service: 'wallboard', change: sums.id });
    expect(confidence).toBeLessThan(0.8);
  });

  it('leads to the setting that was turned towards it, with less confidence', () => {
    const found = strained(turned, -20);
    expect(found).toMatchObject({ verdict: 'cause', change: turned.id });
    expect(found.confidence).toBeLessThan(strained(sums, -20).confidence);
  });

  it('acquits a change that reads the same table in another way', () => {
    expect(strained(other, 38).change).toBe('none');
  });

  it('acquits a change that was deployed after the statement was first told of', () => {
    expect(strained(sums, 50, slow, 55).change).toBe('none');
    expect(strained(sums, 38, slow, 55).change).toBe(sums.id);
  });

  it('hears nothing in statements that no line calls slow or in the way', () => {
    expect(strained(sums, 38, told(`audit: ${statement}`)).change).toBe('none');
  });
});
