/**
 * What the Messages API refuses with 400, as far as a client can get it wrong: for a FAKE server of tests, because the mocks that
 * can be installed take almost any body. Sources: platform.claude.com/docs, pages "Create a Message", "Handle tool calls", "Prompt
 * caching", "Extended thinking" and "Structured outputs" (limits of strict tools); the wording is near the API's own, not its copy.
 */

export type Json = Readonly<Record<string, unknown>>;

const topFields = new Set([
  ...['model', 'messages', 'max_tokens', 'system', 'tools', 'tool_choice', 'metadata', 'stop_sequences', 'stream'],
  ...['temperature', 'top_k', 'top_p', 'thinking', 'service_tier', 'output_config', 'container'],
]);
const toolFields = new Set(['name', 'description', 'input_schema', 'strict', 'cache_control', 'type']);
const blockFields: Readonly<Record<string, readonly string[]>> = {
  text: ['text', 'cache_control', 'citations'],
  tool_use: ['id', 'name', 'input', 'cache_control', 'caller'],
  tool_result: ['tool_use_id', 'content', 'is_error', 'cache_control'],
  thinking: ['thinking', 'signature'],
  redacted_thinking: ['data'],
};
const rolesOf: Readonly<Record<string, 'user' | 'assistant'>> = {
  tool_use: 'assistant',
  thinking: 'assistant',
  redacted_thinking: 'assistant',
  tool_result: 'user',
};
const most = { marks: 4, strictTools: 20, optional: 24, unions: 16 } as const;
/** A strict schema may not hold these: "Structured outputs", JSON Schema limitations. */
const unsupported = ['minimum', 'maximum', 'multipleOf', 'minLength', 'maxLength', 'maxItems', '$schema'];

/** @returns why the API would refuse this body, or undefined. `signatures` are those of the thinking blocks that it gave out. */
export function findRequestFault(body: unknown, signatures: ReadonlyMap<string, string>): string | undefined {
  try {
    checkTop(requireObject(body, 'body'), signatures);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.message;
    throw error;
  }
}

class Refusal extends Error {}

function refuseWhen(isWrong: boolean, why: string): void {
  if (isWrong) throw new Refusal(why);
}

function checkTop(body: Json, signatures: ReadonlyMap<string, string>): void {
  checkFields(body, topFields, '');
  refuseWhen(typeof body['model'] !== 'string' || body['model'] === '', 'model: Field required');
  refuseWhen(!('max_tokens' in body), 'max_tokens: Field required');
  refuseWhen(!Number.isInteger(body['max_tokens']) || Number(body['max_tokens']) < 1, 'max_tokens: must be at least 1');
  checkTools(body['tools'] === undefined ? [] : requireList(body['tools'], 'tools'));
  const system = body['system'];
  if (Array.isArray(system)) system.forEach((block, i) => checkBlock(block, `system.${i}`, 'user', signatures));
  else refuseWhen(system !== undefined && typeof system !== 'string', 'system: Input should be a string or a list');
  checkMessages(requireList(body['messages'], 'messages'), signatures);
  const marks = listMarks(body);
  refuseWhen(
    marks > most.marks,
    `A maximum of ${most.marks} blocks with cache_control may be provided. Found ${marks}.`,
  );
}

function checkMessages(messages: readonly unknown[], signatures: ReadonlyMap<string, string>): void {
  refuseWhen(messages.length === 0, 'messages: at least one message is required');
  const seenIds = new Set<string>();
  let open: readonly string[] = [];
  messages.forEach((item, i) => {
    const at = `messages.${i}`;
    const message = requireObject(item, at);
    checkFields(message, new Set(['role', 'content']), at);
    const role = message['role'];
    if (role !== 'user' && role !== 'assistant') throw new Refusal(`${at}.role: Input should be 'user' or 'assistant'`);
    refuseWhen(i === 0 && role !== 'user', 'messages: first message must use the "user" role');
    const blocks = readContent(message['content'], at);
    blocks.forEach((block, n) => checkBlock(block, `${at}.content.${n}`, role, signatures));
    const results = blocks.filter(({ type }) => type === 'tool_result').map((block) => String(block['tool_use_id']));
    const stray = results.find((id) => !open.includes(id));
    refuseWhen(
      stray !== undefined,
      `${at}: unexpected \`tool_use_id\` in \`tool_result\`: ${stray}; each must answer a tool_use of the previous message`,
    );
    const unanswered = open.filter((id) => !results.includes(id));
    refuseWhen(
      unanswered.length > 0,
      `messages.${i - 1}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${unanswered.join(', ')}`,
    );
    refuseWhen(new Set(results).size < results.length, `${at}: each tool_use must have a single result`);
    checkOrder(blocks, at);
    open = blocks.filter(({ type }) => type === 'tool_use').map((block) => String(block['id']));
    for (const id of open) {
      refuseWhen(seenIds.has(id), `${at}: \`tool_use\` ids must be unique`);
      seenIds.add(id);
    }
  });
  refuseWhen(
    requireObject(messages.at(-1), 'messages')['role'] !== 'user',
    'This model does not support assistant message prefill. The conversation must end with a user message.',
  );
}

/** Results come before other content; thinking comes before what was thought about. */
function checkOrder(blocks: readonly Json[], at: string): void {
  for (const first of ['tool_result', 'thinking'] as const) {
    const isFirst = blocks.map(({ type }) => type === first || (first === 'thinking' && type === 'redacted_thinking'));
    const late = isFirst.lastIndexOf(true);
    refuseWhen(late >= 0 && isFirst.slice(0, late).includes(false), `${at}: \`${first}\` blocks must come first`);
  }
}

function readContent(content: unknown, at: string): readonly Json[] {
  if (typeof content === 'string') {
    refuseWhen(content === '', `${at}: all messages must have non-empty content`);
    return [{ type: 'text', text: content }];
  }
  const blocks = requireList(content, `${at}.content`);
  refuseWhen(blocks.length === 0, `${at}: all messages must have non-empty content`);
  return blocks.map((block, n) => requireObject(block, `${at}.content.${n}`));
}

function checkBlock(item: unknown, at: string, role: string, signatures: ReadonlyMap<string, string>): void {
  const block = requireObject(item, at);
  const type = String(block['type']);
  const fields = Object.hasOwn(blockFields, type) ? blockFields[type] : undefined;
  if (!fields) throw new Refusal(`${at}: Input tag '${type}' does not match any of the expected tags`);
  checkFields(block, new Set(['type', ...fields]), at);
  refuseWhen((rolesOf[type] ?? role) !== role, `${at}: \`${type}\` blocks are not allowed in a ${role} message`);
  const text = (field: string) => {
    const value = block[field];
    if (typeof value !== 'string') throw new Refusal(`${at}.${field}: Input should be a valid string`);
    return value;
  };
  switch (type) {
    case 'text':
      refuseWhen(text('text').trim() === '', `${at}: text content blocks must contain non-whitespace text`);
      break;
    case 'tool_use':
      refuseWhen(!/^[\w-]{1,256}$/.test(text('id')), `${at}.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
      refuseWhen(!/^[\w-]{1,128}$/.test(text('name')), `${at}.name: String should match pattern`);
      requireObject(block['input'], `${at}.input`);
      break;
    case 'tool_result':
      text('tool_use_id');
      refuseWhen(
        block['content'] === '' && (block['is_error'] === true || 'cache_control' in block),
        `${at}: content cannot be empty if is_error is true or the block is cached`,
      );
      break;
    case 'thinking':
      refuseWhen(
        signatures.get(text('signature')) !== text('thinking'),
        `${at}: Invalid \`signature\` in \`thinking\` block`,
      );
      break;
  }
}

function checkTools(tools: readonly unknown[]): void {
  const names = new Set<string>();
  const counts = { optional: 0, unions: 0, strict: 0 };
  tools.forEach((item, i) => {
    const at = `tools.${i}`;
    const tool = requireObject(item, at);
    checkFields(tool, toolFields, at);
    const name = String(tool['name']);
    refuseWhen(!/^[\w-]{1,128}$/.test(name), `${at}.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
    refuseWhen(names.has(name), 'tools: Tool names must be unique.');
    names.add(name);
    const schema = requireObject(tool['input_schema'], `${at}.input_schema`);
    refuseWhen(schema['type'] !== 'object', `${at}.input_schema.type: Input should be 'object'`);
    const combined = ['anyOf', 'oneOf', 'allOf'].find((key) => key in schema);
    refuseWhen(combined !== undefined, `${at}.input_schema does not support ${combined} at the top level`);
    if (tool['strict'] !== true) return;
    counts.strict += 1;
    countSchema(schema, at, counts);
  });
  for (const [what, limit] of [
    ['strict', most.strictTools],
    ['optional', most.optional],
    ['unions', most.unions],
  ] as const)
    refuseWhen(counts[what] > limit, `Schemas contain too many: ${what} ${counts[what]} (limit: ${limit})`);
}

function countSchema(node: unknown, at: string, counts: { optional: number; unions: number }): void {
  if (Array.isArray(node)) return node.forEach((one) => countSchema(one, at, counts));
  if (typeof node !== 'object' || node === null) return;
  const schema = node as Json;
  const bad = unsupported.find((key) => key in schema);
  refuseWhen(bad !== undefined, `${at}: For strict tools, property ${bad} is not supported`);
  if (schema['anyOf'] !== undefined || Array.isArray(schema['type'])) counts.unions += 1;
  if (schema['properties'] === undefined) return Object.values(schema).forEach((one) => countSchema(one, at, counts));
  refuseWhen(schema['additionalProperties'] !== false, `${at}: additionalProperties must be false in a strict schema`);
  const fields = Object.keys(schema['properties'] as object);
  const required = schema['required'] as readonly string[] | undefined;
  counts.optional += fields.filter((field) => !required?.includes(field)).length;
  Object.values(schema['properties'] as object).forEach((one) => countSchema(one, at, counts));
}

function listMarks(node: unknown): number {
  if (Array.isArray(node)) return node.reduce<number>((sum, one) => sum + listMarks(one), 0);
  if (typeof node !== 'object' || node === null) return 0;
  return Object.entries(node).reduce((sum, [key, value]) => {
    if (key !== 'cache_control') return sum + (key === 'input' || key === 'input_schema' ? 0 : listMarks(value));
    refuseWhen((value as Json | null)?.['type'] !== 'ephemeral', "cache_control.type: Input should be 'ephemeral'");
    return sum + 1;
  }, 0);
}

function checkFields(object: Json, known: ReadonlySet<string>, at: string): void {
  const extra = Object.keys(object).find((key) => !known.has(key));
  refuseWhen(extra !== undefined, `${at === '' ? '' : `${at}.`}${extra}: Extra inputs are not permitted`);
}

function requireObject(value: unknown, at: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new Refusal(`${at}: Input should be a valid dictionary`);
}

function requireList(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Refusal(`${at}: Input should be a valid list`);
}
