import { describe, expect, it } from 'vitest';
import { analyse } from '../../../../src/domain/analysis/analyst.ts';
import { chatter, commit, deploy, incident, repeat } from '../incident.ts';

const failing = repeat(40, 60, 5, () => ({ level: 'error', message: 'the crane refuses', fields: {} }));
const first = commit('ferry', -300, 'Sail', 'sail.py', '@@ -0,0 +1,1 @@\n+sail()\n');
const greeting = commit('ferry', 30, 'Greet in two tongues', 'i18n.json', '@@ -1 +1,2 @@\n {\n+  "hello": "salut",\n');
const footer = commit('port', 30, 'New footer', 'footer.tsx', '@@ -1 +1,2 @@\n <p>\n+  <Foot />\n');

describe('the revision that ran before a deploy', () => {
  const at = (minutes: number) =>
    incident(
      {
        ferry: {
          lines: [...chatter(), ...failing],
          changes: [first, greeting],
          deploys: [{ ...deploy(greeting, minutes), previous: first.id }],
        },
      },
      { ferry: [] },
    );

  it('is no candidate, and is not said to have reached nothing', () => {
    const { ruledOut, suspects } = analyse(at(39));
    expect(suspects).not.toContain(first.id);
    expect(ruledOut.find(({ candidate }) => candidate === first.id)?.reason).toContain('ran before');
  });

  it('remains possible where it was replaced after the failure began', () => {
    expect(analyse(at(50)).ruledOut.map(({ candidate }) => candidate)).not.toContain(first.id);
  });
});

describe('a lead', () => {
  const slow = (callerDeploy: number, calleeDeploy: number) =>
    analyse(
      incident(
        {
          port: {
            lines: [
              ...chatter(),
              ...repeat(40, 60, 5, () => ({
                level: 'error',
                message: 'upstream ferry answered 500',
                fields: { upstream: 'ferry', status: 500 },
              })),
            ],
            changes: [footer],
            deploys: [deploy(footer, callerDeploy)],
          },
          ferry: { lines: [...chatter(), ...failing], changes: [greeting], deploys: [deploy(greeting, calleeDeploy)] },
        },
        { port: ['ferry'], ferry: [] },
      ),
    );

  it('is never a change of the caller of whoever fails first', () => {
    expect(slow(39, 39)).toMatchObject({ verdict: 'inconclusive', suspects: [greeting.id] });
  });

  it('is nobody where all was deployed long before the failure', () => {
    const { suspects, statement } = slow(39, 10);
    expect(suspects).toEqual([]);
    expect(statement.map(({ text }) => text).join(' ')).not.toContain('not enough to accuse');
  });
});
