import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { ConfigError, loadSettings, resolveSecret } from '../../src/config.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'resident-config-'));

function write(text: string): string {
  const file = path.join(folder, 'resident.yaml');
  writeFileSync(file, text);
  return file;
}

function listFaults(text: string): string[] {
  try {
    loadSettings(write(text));
  } catch (error) {
    if (error instanceof ConfigError) {
      return error.faults.map((fault) => `${fault.line}:${fault.column} ${fault.path} ${fault.message}`);
    }
    throw error;
  }
  return [];
}

const head = 'version: 1\npeople: [{ name: ana }]\n';

describe('a configuration without faults', () => {
  test('fills every default, and has absolute paths and milliseconds', () => {
    const settings = loadSettings(write('version: 1\nservices:\n  shop: {}\n'));
    expect(settings.stateFolder).toBe(path.join(folder, '.resident'));
    expect(settings.lessonsRepository).toBe(path.join(folder, '.resident/lessons'));
    expect(settings.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(settings.gateway).toMatchObject({ host: '127.0.0.1', port: 8480, webhooks: {} });
    expect(settings.timings).toEqual({
      debounceMs: 5_000,
      approvalTimeoutMs: 3_600_000,
      reminderMs: 900_000,
      escalationMs: 1_800_000,
      watchMs: 600_000,
      watchReadings: 4,
      lookbackMs: 1_800_000,
      baselineMs: 3_600_000,
      changesMs: 86_400_000,
      queryTimeoutMs: 20_000,
      heartbeatTimeoutMs: 10_000,
      sandboxTimeoutMs: 300_000,
      actionTimeoutMs: 300_000,
      busyTargetRetryMs: 10_000,
    });
    expect(settings.services['shop']).toEqual({
      name: 'shop',
      owner: 'nobody',
      language: 'unknown',
      dependsOn: [],
      logs: [],
      metrics: [],
      objectives: [],
      actions: {},
      mode: 'assist',
      approvers: [],
    });
  });

  test('resolves paths, commands and secrets relative to the file, and durations with fractions', () => {
    writeFileSync(path.join(folder, 'secret'), ' s3cret \n');
    const settings = loadSettings(
      write(`version: 1
people: [{ name: ana, token: { file: ./secret } }]
gateway: { listen: "[::1]:0", webhooks: { alertmanager: { basic: { username: am, password: { file: secret } } } } }
timings: { debounceSeconds: 0, watchMinutes: 0.05 }
services:
  shop:
    source: ./repos/shop
    language: python
    logs: [{ files: "./logs/shop*.log" }]
    deploys: { file: ../deploys.jsonl }
    sandbox: { test: [python3, -m, unittest] }
    objectives: [{ name: up, expr: up, min: 1 }]
    actions:
      deploy.rollback: { command: [./deploy.sh, ./not-touched, "{revision}"], current: [current] }
      config.rollback: { repository: ./config }
    approvers: [ana]
  far: { source: "git@example.com:team/far.git", dependsOn: [shop] }
`),
    );
    const { shop, far } = settings.services;
    expect(shop?.source).toBe(path.join(folder, 'repos/shop'));
    expect(far?.source).toBe('git@example.com:team/far.git');
    expect(shop?.deploysFile).toBe(path.join(path.dirname(folder), 'deploys.jsonl'));
    expect(shop?.logs).toEqual([{ files: path.join(folder, 'logs/shop*.log'), format: 'auto' }]);
    expect(shop?.sandbox).toEqual({
      image: 'python',
      setup: [],
      test: ['python3', '-m', 'unittest'],
      memoryMb: 512,
      cpus: 1,
      timeoutMs: 300_000,
    });
    expect(shop?.actions).toEqual({
      'deploy.rollback': {
        command: [path.join(folder, 'deploy.sh'), './not-touched', '{revision}'],
        current: ['current'],
      },
      'config.rollback': { repository: path.join(folder, 'config') },
    });
    expect(settings.timings).toMatchObject({ debounceMs: 0, watchMs: 3_000 });
    expect(settings.gateway).toMatchObject({ host: '::1', port: 0 });
    const token = settings.people[0]?.token;
    expect(token && resolveSecret(token)).toBe('s3cret');
  });

  test('reads how a service is started in the sandbox, and which requests may be sent to it', () => {
    const run = 'run: { command: [node, main.js], port: 8080, readyPath: /healthz, env: { USER: "{port:user}" } }';
    const { a } = loadSettings(
      write(`version: 1\nservices: { a: { language: node, sandbox: { ${run}, replay: { methods: [GET, POST] } } } }`),
    ).services;
    expect(a?.sandbox).toMatchObject({
      run: {
        command: ['node', 'main.js'],
        port: 8080,
        readyPath: '/healthz',
        readyTimeoutMs: 30_000,
        environment: { USER: '{port:user}' },
      },
      replayMethods: ['GET', 'POST'],
    });
    expect(listFaults('version: 1\nservices: { a: { sandbox: { run: { command: [node], port: 0 } } } }')).toEqual([
      '2:59 services.a.sandbox.run.port is 0; write a whole number from 1 to 65535',
    ]);
  });

  test('takes Prometheus from the environment when the file does not name one', () => {
    vi.stubEnv('PROMETHEUS_URL', 'http://prometheus.example:9090');
    expect(loadSettings(write('version: 1\nservices: { a: {} }')).prometheus?.url).toBe(
      'http://prometheus.example:9090',
    );
    vi.unstubAllEnvs();
  });

  test('allows cycles of dependencies', () => {
    expect(listFaults('version: 1\nservices:\n  a: { dependsOn: [b] }\n  b: { dependsOn: [a] }\n')).toEqual([]);
  });
});

describe('a configuration with faults', () => {
  const table: [string, string, string][] = [
    [
      'an unknown key, with the likely one',
      `${head}services: { a: { ownr: x } }`,
      '3:18 services.a.ownr is not known; did you mean `owner`?',
    ],
    [
      'an unknown key with nothing like it',
      `${head}prometheus: { url: http://x, zzzzzz: 1 }\nservices: { a: {} }`,
      '3:30 prometheus.zzzzzz is not known; known here: url, bearer',
    ],
    ['a missing version', 'services: { a: {} }', '1:1 version must be 1; write version: 1'],
    [
      'no services',
      `${head}`,
      '1:1 services is missing; write a mapping from names to entries, for example order-service: { owner: team-orders }',
    ],
    [
      'an empty fleet',
      `${head}services: {}`,
      '3:1 services names no service; add one, for example order-service: { owner: team-orders }',
    ],
    [
      'a duration with a unit',
      `${head}timings: { watchMinutes: 5m }\nservices: { a: {} }`,
      '3:26 timings.watchMinutes is the text "5m"; write a number of minutes above 0 and at most 43200, without a unit, for example 5 or 0.5',
    ],
    [
      'a duration below nothing',
      `${head}timings: { debounceSeconds: -1 }\nservices: { a: {} }`,
      '3:29 timings.debounceSeconds is -1; write a number of seconds from 0 to 86400, without a unit, for example 5 or 0.5',
    ],
    [
      'a command as text',
      `${head}services:\n  a:\n    approvers: [ana]\n    actions:\n      service.restart: { command: ./restart.sh a }`,
      '7:35 services.a.actions.service.restart.command is the text "./restart.sh a"; write a list of program and arguments, for example [./restart.sh, order-service]',
    ],
    [
      'a number in a command',
      `${head}services: { a: { sandbox: { test: [make, 1] } } }`,
      '3:42 services.a.sandbox.test[1] is 1; write text; put numbers and words like yes in quotes',
    ],
    [
      'a rollback that never gets the revision',
      `${head}services: { a: { approvers: [ana], actions: { deploy.rollback: { command: [./deploy] } } } }`,
      '3:66 services.a.actions.deploy.rollback.command never gets the revision; put "{revision}" where it belongs, for example [./deploy.sh, "{revision}"]',
    ],
    [
      'an unknown mode',
      `${head}services: { a: { mode: auto } }`,
      '3:24 services.a.mode is the text "auto"; write one of: observe, assist, semi-auto, collaborative',
    ],
    [
      'an unknown dependency',
      `${head}services:\n  user-service: {}\n  a: { dependsOn: [user-servce] }`,
      '5:20 services.a.dependsOn[0] names user-servce, which is not under services; did you mean `user-service`?',
    ],
    [
      'a service that depends on itself',
      `${head}services: { a: { dependsOn: [a] } }`,
      '3:30 services.a.dependsOn[0] is the service itself; leave it out',
    ],
    [
      'an unknown approver',
      `${head}services: { a: { approvers: [anna] } }`,
      '3:30 services.a.approvers[0] names anna, who is not under people; did you mean `ana`?',
    ],
    [
      'actions that nobody may approve',
      `${head}services: { a: { actions: { service.restart: { command: [x] } } } }`,
      '3:13 services.a has actions, and nobody may approve them; write approvers: [NAME], or mode: observe to only propose',
    ],
    [
      'an objective without a bound',
      `${head}services: { a: { objectives: [{ name: n, expr: up }] } }`,
      '3:31 services.a.objectives[0] says neither what is too much nor what is too little; write max: NUMBER, min: NUMBER, or both',
    ],
    [
      'a webhook without credentials',
      `${head}gateway: { webhooks: { alertmanager: {} } }\nservices: { a: {} }`,
      '3:24 gateway.webhooks.alertmanager has no credentials, so anybody could open incidents; write bearer: { env: ALERTMANAGER_BEARER_TOKEN } or basic',
    ],
    [
      'a person twice',
      `version: 1\npeople: [{ name: ana }, { name: ana }]\nservices: { a: {} }`,
      '2:27 people[1].name is there twice (ana); write each person once',
    ],
    [
      'a service name that cannot be an id',
      `${head}services: { "a/b": {} }`,
      '3:13 services.a/b cannot be a name; write letters, digits, dots, dashes and underscores, at most 100, beginning with a letter or digit',
    ],
    [
      'a listen address without a port',
      `${head}gateway: { listen: localhost }\nservices: { a: {} }`,
      '3:20 gateway.listen is the text "localhost"; write host:port, for example 127.0.0.1:8480',
    ],
    [
      'a variable that is not set',
      `version: 1\npeople: [{ name: ana, token: { env: RESIDENT_TEST_ABSENT } }]\nservices: { a: {} }`,
      '2:23 people[0].token cannot be resolved: the variable RESIDENT_TEST_ABSENT is not set; export RESIDENT_TEST_ABSENT=… before you start',
    ],
  ];
  test.each(table)('names %s, with its place and what to write', (_, text, fault) => {
    expect(listFaults(text)).toEqual([fault]);
  });

  test('tells all faults at once, in the order of the file', () => {
    const faults = listFaults(`version: 2
peple: []
services:
  a:
    mode: auto
    dependsOn: [b]
    sandbox: { test: make test }
`);
    expect(faults.map((fault) => fault.split(' ').slice(0, 2).join(' '))).toEqual([
      '1:10 version',
      '2:1 peple',
      '5:11 services.a.mode',
      '6:17 services.a.dependsOn[0]',
      '7:22 services.a.sandbox.test',
    ]);
  });

  test('names broken YAML with its place', () => {
    expect(listFaults('version: 1\nservices: [')[0]).toMatch(/^2:\d+ {2}is not YAML/);
  });

  test('says what to do when there is no file', () => {
    expect(() => loadSettings(path.join(folder, 'absent.yaml'))).toThrow(/absent\.yaml:1:1 does not exist; write one/);
  });

  test('does not ask for secrets where a command needs none', () => {
    const file = write(
      'version: 1\npeople: [{ name: ana, token: { env: RESIDENT_TEST_ABSENT } }]\nservices: { a: {} }',
    );
    expect(loadSettings(file, { secrets: 'unchecked' }).people).toHaveLength(1);
  });
});
