import { z } from 'zod';
import { amount, choice, closed, command, count, listOf, named, quantity, shaped, text, timezone } from './fields.ts';

const namedQuery = {
  name: text('What people call this figure.', 'a short name, for example error ratio'),
  expr: text('The PromQL expression.', 'a PromQL expression in quotes'),
};

const logSource = closed(
  {
    files: text(
      'Glob pattern of the log files, rotated ones included.',
      'a file pattern, for example "./logs/orders*.log"',
    ),
    format: choice(
      ['json', 'text', 'auto'],
      'How lines are written: JSON lines, plain text, or whatever each line turns out to be.',
    ).default('auto'),
    timezone: timezone('The zone of times that are written without one; UTC when absent.').optional(),
  },
  'One place where this service writes its logs.',
);

const objective = z
  .strictObject(
    {
      ...namedQuery,
      max: amount('The value may not be above this.').optional(),
      min: amount('The value may not be below this.').optional(),
    },
    { error: 'must be a mapping with the keys name, expr, and max or min' },
  )
  .refine((value) => value.max !== undefined || value.min !== undefined, {
    error: 'says neither what is too much nor what is too little; write max: NUMBER, min: NUMBER, or both',
  })
  .meta({
    description: 'A condition that holds while the service is well; it is read again while a repair is watched.',
  });

const run = closed(
  {
    command: command('Starts the service; it stays in the foreground and writes its log to standard output.', [
      'node',
      'src/main.js',
    ]),
    port: count(
      1,
      65_535,
      'The port that it listens on. Services of one replay share a network, so ports must differ.',
    ),
    readyPath: shaped(
      /^\/[!-~]*$/,
      'A path that answers below 500 once the service is up; without it an open port is enough.',
      'a path, for example /healthz',
    ).optional(),
    readySeconds: quantity('seconds', 3_600, 'How long it may take to get ready.').default(30),
    env: named(
      text('One variable; {port} is its own port, {port:NAME} that of a neighbour or its stand-in.', 'text in quotes'),
      'Environment of the service: addresses of its neighbours, never a secret.',
      '{ USER_URL: "http://127.0.0.1:{port:user-service}" }',
    ).default({}),
  },
  'How the service is started in the sandbox, to send it a request that failed in production.',
);

const replay = closed(
  {
    methods: listOf(
      choice(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'], 'An HTTP method.'),
      'Methods that may be sent again. Bodies are never in logs, so what needs one is sent without.',
      '[GET, HEAD]',
    ).default(['GET', 'HEAD']),
  },
  'Which requests of the logs may be sent to the service in the sandbox.',
);

const sandbox = closed(
  {
    image: text(
      'Which sandbox image: a language (node, python, java, c, go), with a version if it matters (python:3.11), an image by its digest (registry/app@sha256:…), or deployed: the one that the record of the running deploy names.',
      'the name of an image, for example node',
    ).optional(),
    dependencies: text(
      'Which dependencies are prepared for it: auto finds the usual lockfile, none prepares nothing, or the path of a lockfile in the source.',
      'auto, none, or the path of a lockfile, for example requirements-test.txt',
    ).optional(),
    setup: listOf(
      command('One command.', ['npm', 'ci', '--offline']),
      'Commands run once before the test.',
      '[[npm, ci, --offline]]',
    ).default([]),
    test: command("The service's own tests; exit code 0 means passed.", ['node', '--test']).optional(),
    reproduce: command('A narrower command that fails when the incident is there; preferred over `test`.', [
      'node',
      '--test',
      'test/contract/',
    ]).optional(),
    run: run.optional(),
    replay: replay.optional(),
    memoryMb: count(16, 65_536, 'Memory limit of the container.').default(512),
    cpus: quantity('processors', 64, 'Processor limit of the container.').default(1),
    timeoutSeconds: quantity(
      'seconds',
      86_400,
      'Limit of one run; the default is `timings.sandboxTimeoutSeconds`.',
    ).optional(),
  },
  'How the service is set up and tested in a container without a network.',
);

const rollbackCommand = command('Deploys one revision; `{revision}` is replaced by it, without a shell.', [
  './deploy.sh',
  'order-service',
  '{revision}',
]);
const currentCommand = command('Prints the present state, for example the deployed revision, on its last line.', [
  './current.sh',
  'order-service',
]);

const actions = closed(
  {
    'deploy.rollback': closed(
      { command: rollbackCommand, current: currentCommand.optional() },
      'Deploy the revision that ran before.',
    ).optional(),
    'service.restart': closed(
      {
        command: command('Restarts the service.', ['./restart.sh', 'order-service']),
        current: currentCommand.optional(),
      },
      'Restart the service.',
    ).optional(),
    'config.rollback': closed(
      {
        repository: text('The Git repository that holds the configuration.', 'a path, for example ./config'),
        reload: command('Makes the service read its configuration again.', ['./reload.sh']).optional(),
      },
      'Revert a commit in the configuration repository and reload.',
    ).optional(),
  },
  'What may be done to this service. What is not listed is never proposed.',
);

export const serviceSchema = closed(
  {
    owner: text('The team that owns it.', 'the name of a team').optional(),
    source: text(
      'Path or Git URL of its source repository.',
      'a path or a Git URL, for example ./repos/order-service',
    ).optional(),
    language: text('The language it is written in.', 'a language, for example node').optional(),
    dependsOn: listOf(
      z.string(),
      'The services that it calls, by their names in this file.',
      '[user-service]',
    ).optional(),
    logs: listOf(logSource, 'Where its logs are.', '[{ files: "./logs/orders*.log" }]').default([]),
    metrics: listOf(
      closed(namedQuery, 'A figure worth looking at.'),
      'Figures that show how it is.',
      '[{ name: error ratio, expr: "…" }]',
    ).default([]),
    deploys: closed(
      {
        file: text(
          'JSON lines: id, service, revision, previous, at, by, status, image.',
          'a path, for example ./deploys.jsonl',
        ),
      },
      'Where its deployments are recorded.',
    ).optional(),
    traces: closed(
      { service: text('Its name in the tracing system, where it is another.', 'a name, for example shop.orders') },
      'How its traces are found.',
    ).optional(),
    flags: closed(
      { file: text('JSON lines: flag, at, service, from, to, by, id.', 'a path, for example ./flags.jsonl') },
      'Where changes of feature flags and settings are recorded.',
    ).optional(),
    events: closed(
      {
        file: text(
          'JSON lines: at, object, message, service, severity, reason, count, lastAt.',
          'a path, for example ./events.jsonl',
        ),
      },
      'Where events of the platform, a database or a provider are recorded.',
    ).optional(),
    sandbox: sandbox.optional(),
    objectives: listOf(
      objective,
      'What holds while it is well.',
      '[{ name: errors below 5 %, expr: "…", max: 0.05 }]',
    ).default([]),
    actions: actions.default({}),
    mode: choice(
      ['observe', 'assist', 'semi-auto', 'collaborative'],
      'How far Resident may go: only propose; ask for everything; do what is low risk; do more inside guardrails.',
    ).default('assist'),
    approvers: listOf(z.string(), 'People who may approve, by their names under `people`.', '[ana]').default([]),
  },
  'One service.',
);
