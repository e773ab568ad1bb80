import { afterEach, describe, expect, it } from 'vitest';
import { listBlocks } from '../../fakes/prefix-cache.ts';
import { findRequestFault, type Json } from '../../fakes/strict-request.ts';
import { startStrictMessages, type StrictMessages, type StrictReply } from '../../fakes/strict-messages.ts';
import { badCommit, report } from './case.ts';
import { driveReason, testKey, type DriveOptions } from './drive-reason.ts';

let server: StrictMessages | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

async function converse(turns: readonly StrictReply[], options: Partial<DriveOptions> = {}) {
  server = await startStrictMessages(testKey, (call) => {
    const turn = turns[call - 1];
    if (!turn) throw new Error(`No turn ${call} was foreseen.`);
    return turn;
  });
  const round = await driveReason({ baseUrl: server.url, ...options });
  return { round, server };
}

const use = (id: string, name: string, input: unknown): Json => ({
  type: 'tool_use',
  id,
  name,
  input,
  caller: { type: 'direct' },
});
const thinking = (text: string): Json => ({ type: 'thinking', thinking: text, signature: `signed:${text}` });
const said = (text: string): Json => ({ type: 'text', text, citations: null });
const reportUse = (id: string, answer: unknown) => use(id, 'report_diagnosis', answer);
const logs = { service: 'order-service', contains: null, level: null, from: null, to: null };
const uncited = { ...report, statement: [{ text: 'Trust me.', evidence: ['order-service/logs/99'] }] };

/** Questions at once, some of them wrong; talk; a report that is sent back with a question beside it; the report. */
const wholeConversation: readonly StrictReply[] = [
  {
    content: [
      thinking('Which logs?'),
      said('I look at the logs.'),
      use('toolu_1', 'query_logs', logs),
      use('toolu_2', 'read_evidence', { evidenceId: 'order-service/logs/1', contains: null }),
      use('toolu_3', 'restart_service', { service: 'order-service' }),
      use('toolu_4', 'query_logs', { ...logs, service: 'billing' }),
    ],
  },
  { content: [thinking('I see.'), said('It is the session lifetime.')] },
  { content: [reportUse('toolu_5', uncited), use('toolu_6', 'query_logs', logs)] },
  { content: [thinking('Cite what exists.'), reportUse('toolu_7', report)] },
];

describe('a whole conversation with a server that is as strict as the API', () => {
  it('has no request that is refused, from the first step over a report that is sent back to the last one', async () => {
    const { round, server } = await converse(wholeConversation, { maxSteps: 4 });
    expect(server.refused).toEqual([]);
    expect(server.taken).toHaveLength(4);
    expect(round).toMatchObject({ steps: 4, failures: [], diagnosis: { engine: 'claude/fake-1', change: badCommit } });
    expect(round.asked.map(({ name }) => name)).toEqual(['query_logs', 'read_evidence']);
    const last = JSON.stringify((server.taken[3]?.['messages'] as Json[]).at(-1));
    expect(last).toContain('There is no room for more questions');
  });

  it('goes on after an answer without content, and after one of empty text', async () => {
    const { round, server } = await converse([
      { content: [] },
      { content: [{ type: 'text', text: '' }] },
      { content: [reportUse('toolu_1', report)] },
    ]);
    expect(server.refused).toEqual([]);
    expect(round.diagnosis.engine).toBe('claude/fake-1');
  });

  it('goes on after an answer to a question that is empty', async () => {
    const turns = [{ content: [use('toolu_1', 'query_logs', logs)] }, { content: [reportUse('toolu_2', report)] }];
    const { round, server } = await converse(turns, { answer: () => '' });
    expect(server.refused).toEqual([]);
    expect(round.diagnosis.engine).toBe('claude/fake-1');
  });

  it('answers more questions than it takes in one turn, each in its place', async () => {
    const many = Array.from({ length: 12 }, (_unused, i) => use(`toolu_${i}`, 'query_logs', logs));
    const { round, server } = await converse([{ content: many }, { content: [reportUse('toolu_r', report)] }]);
    expect(server.refused).toEqual([]);
    expect(round.asked).toHaveLength(8);
    const results = (server.taken[1]?.['messages'] as Json[]).at(-1)?.['content'] as Json[];
    expect(results.map((result) => result['is_error'] === true)).toEqual(many.map((_use, i) => i >= 8));
  });
});

describe('the cache of the provider', () => {
  const prices = { input: 3, output: 15 };

  it('finds at every step the very bytes that the step before it marked', async () => {
    const { server } = await converse(wholeConversation, { maxSteps: 4 });
    const requests = server.taken.map(listBlocks);
    for (const [i, before] of requests.slice(0, -1).entries()) {
      const marked = before.findLastIndex(({ isMarked }) => isMarked);
      const prefix = (blocks: typeof before) => blocks.slice(0, marked + 1).map(({ bytes }) => bytes);
      expect(marked, 'the mark stands at the end of the request').toBe(before.length - 1);
      expect(prefix(requests[i + 1] ?? [])).toEqual(prefix(before));
    }
    const whole = server.charged.map((one) => one.cache_read_input_tokens + one.cache_creation_input_tokens);
    expect(server.charged.map((one) => one.cache_read_input_tokens)).toEqual([0, ...whole.slice(0, -1)]);
    expect(server.charged.map((one) => one.input_tokens)).toEqual([0, 0, 0, 0]);
  });

  it('is counted among the input tokens, and priced: a quarter more for what is written, a tenth for what is read', async () => {
    const { round, server } = await converse(wholeConversation, { maxSteps: 4, prices });
    const sum = (field: keyof StrictMessages['charged'][number]) =>
      server.charged.reduce((total, one) => total + one[field], 0);
    const written = sum('cache_creation_input_tokens');
    const read = sum('cache_read_input_tokens');
    expect(read).toBeGreaterThan(written);
    const { modelCalls, inputTokens, outputTokens, cost } = round.usage;
    expect({ modelCalls, inputTokens, outputTokens }).toEqual({
      modelCalls: 4,
      inputTokens: sum('input_tokens') + written + read,
      outputTokens: 400,
    });
    expect(cost).toBeCloseTo((1.25 * written * 3 + 0.1 * read * 3 + 400 * 15) / 1_000_000, 9);
  });
});

describe('the strict server itself', () => {
  const user = (content: unknown): Json => ({ role: 'user', content });
  const model = (...content: Json[]): Json => ({ role: 'assistant', content });
  const ask = use('t1', 'query_logs', {});
  const answered = { type: 'tool_result', tool_use_id: 't1', content: 'x' };
  const mark = { cache_control: { type: 'ephemeral' } };
  const tool = { name: 'query_logs', input_schema: { type: 'object', properties: {} } };
  const union = { anyOf: [{ type: 'string' }, { type: 'null' }] };
  const strictTool = (schema: object) => ({ ...tool, strict: true, input_schema: { type: 'object', ...schema } });
  const body = (more: object): Json => ({ model: 'm', max_tokens: 1, messages: [user('Hello')], ...more });
  const talk = (...messages: Json[]) => body({ messages: [user('Hello'), ...messages] });

  it('takes what is right', () => {
    expect(findRequestFault(body({ tools: [tool], system: [{ type: 'text', text: 'x', ...mark }] }), new Map())).toBe(
      undefined,
    );
    const withThought = talk(model(thinking('So.'), ask), user([answered]));
    expect(findRequestFault(withThought, new Map([['signed:So.', 'So.']]))).toBe(undefined);
  });

  it.each<[string, Json, RegExp]>([
    ['max_tokens is missing', { model: 'm', messages: [user('Hello')] }, /max_tokens: Field required/],
    ['a field is unknown', body({ tool_choices: {} }), /tool_choices: Extra inputs/],
    ['a tool has an unknown field', body({ tools: [{ ...tool, command: 'x' }] }), /tools\.0\.command: Extra/],
    ['two tools have one name', body({ tools: [tool, tool] }), /names must be unique/],
    ['the conversation begins with the model', body({ messages: [model(said('x'))] }), /first message must use/],
    ['the conversation ends with the model', talk(model(said('x'))), /must end with a user message/],
    ['a tool_use has no result', talk(model(ask), user('And?')), /without `tool_result` blocks/],
    ['a result answers nothing', talk(model(said('x')), user([answered])), /unexpected `tool_use_id`/],
    [
      'a result comes after text',
      talk(model(ask), user([said('x'), answered])),
      /`tool_result` blocks must come first/,
    ],
    ['one id is used twice', talk(model(ask, ask), user([answered])), /ids must be unique|single result/],
    ['content is empty', talk(model(), user('x')), /non-empty content/],
    ['text is empty', talk(model(said(' ')), user('x')), /non-whitespace/],
    ['a thought was changed', talk(model(thinking('Other.'), ask), user([answered])), /Invalid `signature`/],
    ['a result is from the model', talk(model(answered), user('x')), /not allowed in a assistant message/],
    [
      'five blocks are marked',
      body({ messages: [user(Array.from({ length: 5 }, () => ({ ...said('x'), ...mark })))] }),
      /maximum of 4 blocks.*Found 5/,
    ],
    [
      'strict schemas hold more than 16 unions',
      body({
        tools: [
          strictTool({
            additionalProperties: false,
            properties: Object.fromEntries(Array.from({ length: 17 }, (_unused, i) => [`f${i}`, union])),
            required: Array.from({ length: 17 }, (_unused, i) => `f${i}`),
          }),
        ],
      }),
      /unions 17/,
    ],
    [
      'a strict schema is open',
      body({ tools: [strictTool({ properties: {} })] }),
      /additionalProperties must be false/,
    ],
    [
      'a strict schema bounds a length',
      body({
        tools: [
          strictTool({
            additionalProperties: false,
            properties: { a: { type: 'string', maxLength: 3 } },
            required: ['a'],
          }),
        ],
      }),
      /maxLength is not supported/,
    ],
  ])('refuses a request in which %s', (_what, request, why) => {
    expect(findRequestFault(request, new Map([['signed:So.', 'So.']]))).toMatch(why);
  });

  it('refuses a thought behind what was thought about', () => {
    const late = talk(model(ask, thinking('So.')), user([answered]));
    expect(findRequestFault(late, new Map([['signed:So.', 'So.']]))).toMatch(/`thinking` blocks must come first/);
  });
});
