import { z } from 'zod';
import { serviceSchema } from './service-schema.ts';
import {
  choice,
  closed,
  count,
  listOf,
  named,
  quantity,
  quantityOrNone,
  secret,
  secrets,
  shaped,
  text,
} from './fields.ts';

const monthMinutes = 60 * 24 * 30;
const daySeconds = 60 * 60 * 24;

const webUrl = (description: string, example: string) =>
  shaped(/^https?:\/\/\S+$/, description, `a URL such as ${example}`);

const timings = closed(
  {
    debounceSeconds: quantityOrNone(
      'seconds',
      daySeconds,
      'How long a first alert waits for others of the same burst.',
    ).default(5),
    approvalTimeoutMinutes: quantity('minutes', monthMinutes, 'After this a plan expires.').default(60),
    reminderMinutes: quantity('minutes', monthMinutes, 'After this people are reminded.').default(15),
    escalationMinutes: quantity('minutes', monthMinutes, 'After this everybody who may approve is told.').default(30),
    watchMinutes: quantity('minutes', monthMinutes, 'How long recovery is watched.').default(10),
    watchReadings: count(1, 1_000, 'How often conditions are read in that time.').default(4),
    queryTimeoutSeconds: quantity('seconds', daySeconds, 'Limit of one query of an outside system.').default(20),
    heartbeatSeconds: quantity('seconds', daySeconds, 'A worker silent for this long is taken to be dead.').default(10),
    sandboxTimeoutSeconds: quantity('seconds', daySeconds, 'Limit of one run in the sandbox.').default(300),
    actionTimeoutSeconds: quantity('seconds', daySeconds, 'Limit of one action.').default(300),
    busyTargetRetrySeconds: quantity(
      'seconds',
      daySeconds,
      'Wait before asking again for a target on which another plan is at work.',
    ).default(10),
  },
  'Durations, each in the unit that its name ends in; fractions are allowed.',
);

const alertmanager = closed(
  {
    bearer: secrets('A token.')
      .optional()
      .meta({ description: 'The bearer token that the sender shows; a list while it is being changed.' }),
    basic: closed(
      { username: text('User name.', 'a user name'), password: secret('The password.') },
      'Basic credentials that the sender shows.',
    ).optional(),
  },
  'How Prometheus Alertmanager proves itself. At least one way is needed.',
);

/** The file as people write it. Parsed, it is turned into `ResidentSettings` by normalise.ts. */
export const residentFileSchema = closed(
  {
    version: z.literal(1, { error: 'must be 1; write version: 1' }).meta({ description: 'Version of this format.' }),
    stateFolder: text('Where Resident keeps its state.', 'a path').default('./.resident'),
    temporal: closed(
      {
        address: shaped(
          /^[^\s/]+:\d+$/,
          'Address of your Temporal; without it Resident starts its own.',
          'host:port, for example 127.0.0.1:7233',
        ).optional(),
        namespace: text('Namespace.', 'a name').default('default'),
      },
      'Where Temporal is. TEMPORAL_ADDRESS and its siblings in the environment win.',
    ).prefault({}),
    gateway: closed(
      {
        listen: shaped(
          /^\S+:(?:\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/,
          'Address that the gateway listens on; port 0 takes a free one.',
          'host:port, for example 127.0.0.1:8480',
        ).default('127.0.0.1:8480'),
        maxBodyKilobytes: count(1, 25_600, 'Largest webhook body.').default(1_024),
        serviceLabels: listOf(
          z.string().min(1),
          'Alert labels that name the service, tried in order.',
          '[service, job]',
        ).default(['service', 'resident_service', 'job', 'app']),
        webhooks: closed({ alertmanager: alertmanager.optional() }, 'Who may send alerts.').default({}),
      },
      'Where alerts come in.',
    ).prefault({}),
    people: listOf(
      closed(
        {
          name: text('Name, as used in approvers.', 'a name'),
          token: secret('The token that proves this person to the gateway.').optional(),
        },
        'A person.',
      ),
      'People who may read incidents and decide.',
      '[{ name: ana, token: { env: ANA_TOKEN } }]',
    ).default([]),
    prometheus: closed(
      {
        url: webUrl('Address of Prometheus.', 'http://127.0.0.1:9090'),
        bearer: secret('Bearer token for it.').optional(),
      },
      'Where metrics are. PROMETHEUS_URL is used when this is absent.',
    ).optional(),
    traces: closed(
      {
        jaeger: closed(
          {
            url: webUrl(
              "Address of a server of Jaeger's query API; VictoriaTraces serves it below /select/jaeger.",
              'http://127.0.0.1:16686',
            ),
            bearer: secret('Bearer token for it.').optional(),
          },
          'Jaeger, or what speaks its query API.',
        ),
      },
      'Where traces are. Without it none are collected.',
    ).optional(),
    engine: closed(
      {
        kind: choice(['analyst', 'claude'], 'The built-in analyst alone, or Claude on top of it.').default('analyst'),
        model: text('Model of Claude.', 'the name of a model').optional(),
        baseUrl: webUrl('Address of the Messages API.', 'https://api.anthropic.com').optional(),
        prompts: text('Folder with prompts of your own, by the names of ours.', 'a path').optional(),
        prices: closed(
          {
            input: quantity('US dollars', 10_000, 'What a million tokens of input cost.'),
            output: quantity('US dollars', 10_000, 'What a million tokens of output cost.'),
          },
          "The model's prices in US dollars; without them Anthropic's list prices of known models count. For other models money is not counted, and no budget of money holds.",
        ).optional(),
      },
      'Who argues the diagnosis.',
    ).prefault({}),
    lessons: closed(
      { repository: text('Git repository of lessons; created when absent.', 'a path').default('./.resident/lessons') },
      'Where lessons are kept.',
    ).prefault({}),
    notify: closed(
      {
        webhooks: listOf(
          secret('A URL that people read.'),
          'Each gets a POST with JSON {text}.',
          '[{ env: CHAT_WEBHOOK_URL }]',
        ).default([]),
      },
      'How people are told.',
    ).prefault({}),
    windows: closed(
      {
        lookbackMinutes: quantity('minutes', monthMinutes, 'How far before the alert evidence is collected.').default(
          30,
        ),
        baselineMinutes: quantity('minutes', monthMinutes, 'The healthy stretch before that, to compare with.').default(
          60,
        ),
        changesHours: quantity('hours', 720, 'How far before the alert commits and deployments are collected.').default(
          24,
        ),
      },
      'Time windows.',
    ).prefault({}),
    timings: timings.prefault({}),
    sandbox: closed(
      {
        runtime: shaped(
          /^[A-Za-z0-9][\w.-]*$/,
          "An OCI runtime that the Docker engine knows, for isolation beyond the engine's own.",
          'the name of a runtime, for example runsc (gVisor) or kata',
        ).optional(),
        concurrent: count(
          1,
          256,
          'Sandboxes at once; more wait their turn. By processors and memory when absent.',
        ).optional(),
      },
      'The worker that runs sandboxes.',
    ).prefault({}),
    budgets: closed(
      {
        maxEngineSteps: count(1, 200, 'Steps of an engine in one round.').default(12),
        maxModelTokens: count(1_000, 100_000_000, 'Tokens that an incident may spend on a model.').default(600_000),
        maxModelCost: quantity(
          'US dollars',
          10_000,
          'US dollars that an incident may spend on a model; counted with `engine.prices`.',
        ).default(10),
        maxEngineMinutes: quantity('minutes', 24 * 60, 'How long an engine may argue in one round.').default(20),
        maxRounds: count(1, 5, 'Rounds of investigation; a rejection begins a new one.').default(2),
        maxResidents: count(1, 50, 'Services asked in one incident.').default(8),
      },
      'Limits of one incident.',
    ).prefault({}),
    services: named(serviceSchema, 'The fleet: every service by its name.', 'order-service: { owner: team-orders }'),
  },
  'Configuration of Resident.',
);

export type ResidentFile = z.output<typeof residentFileSchema>;
export type ServiceEntry = ResidentFile['services'][string];

/** The JSON Schema that editors read; published as docs/resident.schema.json. */
export function createJsonSchema(): Record<string, unknown> {
  return { title: 'resident.yaml', ...z.toJSONSchema(residentFileSchema, { io: 'input' }) };
}
