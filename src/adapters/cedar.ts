import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
// The bare import of this package breaks under Node (cedar issue 1227); its `nodejs` door does not.
import * as cedar from '@cedar-policy/cedar-wasm/nodejs';
import type { ActionType, Mode, PolicyDecision } from '../domain/plan/plan.ts';
import { digestValue } from './canonical-json.ts';
import { OutsideError } from './outside-error.ts';

/** Facts about one action, computed before Cedar is asked. */
export interface PolicyRequest {
  readonly actionId: string;
  readonly type: ActionType;
  readonly service: string;
  readonly owner: string;
  readonly mode: Mode;
  /** 0 (read) to 3 (high). */
  readonly risk: number;
  readonly tainted: boolean;
  readonly reproduced: boolean;
  readonly stage: 'propose' | 'perform';
  readonly insideGuardrails: boolean;
  readonly afterRejection: boolean;
  readonly approvers: number;
  readonly approvalsNeeded: number;
  readonly approvals: number;
}

export interface PolicyAnswer {
  readonly decision: PolicyDecision;
  /** Ids of the policies that decided. */
  readonly policies: readonly string[];
  readonly reason: string;
}

export interface Policy {
  /** SHA-256 over schema and policies: which version decided. */
  readonly digest: string;
  decide(request: PolicyRequest): PolicyAnswer;
}

interface PolicyText {
  readonly text: string;
  readonly why: string;
}

const defaultFolder = fileURLToPath(new URL('../../policy', import.meta.url));

/**
 * Loads and validates all `*.cedar` files of the folders against the one `*.cedarschema` among them.
 * @param folders the default policies of this package when left out; further folders can only forbid more in effect, because
 *   Resident keeps its own ceiling.
 * @throws OutsideError `Policy.Invalid` that names file, policy and fault; a policy that does not load must stop the worker.
 */
export async function createPolicy(folders: readonly string[] = [defaultFolder]): Promise<Policy> {
  const files = (await Promise.all(folders.map(listFiles))).flat();
  const schemas = files.filter((file) => file.endsWith('.cedarschema'));
  if (schemas.length !== 1 || schemas[0] === undefined) {
    throw invalid(`Exactly one *.cedarschema is needed in ${folders.join(', ')}; there are ${schemas.length}.`);
  }
  const schema = await readFile(schemas[0], 'utf8');
  const parsed = cedar.checkParseSchema(schema);
  if (parsed.type === 'failure') throw invalid(`${schemas[0]}: ${tellErrors(parsed.errors, schema)}`);

  const policies: Record<string, PolicyText> = {};
  for (const file of files.filter((name) => name.endsWith('.cedar'))) await readPolicies(file, policies);
  if (Object.keys(policies).length === 0)
    throw invalid(`There is no policy in ${folders.join(', ')}; all would be denied.`);
  validatePolicies(schema, policies);
  return bindPolicy(schema, policies);
}

async function listFiles(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort().map((name) => join(folder, name));
  } catch (error) {
    throw invalid(`The policy folder ${folder} cannot be read: ${String(error)}`);
  }
}

async function readPolicies(file: string, into: Record<string, PolicyText>): Promise<void> {
  const source = await readFile(file, 'utf8');
  const parts = cedar.policySetTextToParts(source);
  if (parts.type === 'failure') throw invalid(`${file}: ${tellErrors(parts.errors, source)}`);
  if (parts.policy_templates.length > 0) throw invalid(`${file}: templates are not supported; write whole policies.`);
  for (const text of parts.policies) {
    const json = cedar.policyToJson(text);
    if (json.type === 'failure') throw invalid(`${file}: ${tellErrors(json.errors, text)}`);
    const { id, why } = json.json.annotations ?? {};
    if (!id) throw invalid(`${file}: a policy has no @id("..."); plans and reports name policies by it:\n${text}`);
    if (into[id]) throw invalid(`${file}: a second policy has the id ${id}.`);
    into[id] = { text, why: why ?? id };
  }
}

function validatePolicies(schema: string, policies: Readonly<Record<string, PolicyText>>): void {
  const answer = cedar.validate({ schema, policies: { staticPolicies: textsOf(policies) } });
  if (answer.type === 'failure') throw invalid(tellErrors(answer.errors));
  const faults = [...answer.validationErrors, ...answer.validationWarnings];
  if (faults.length > 0) throw invalid(tellErrors(faults.map((fault) => fault.error)));
}

function bindPolicy(schema: string, policies: Readonly<Record<string, PolicyText>>): Policy {
  const digest = digestValue({ schema, policies: textsOf(policies) });
  cedar.preparseSchema(digest, schema);
  cedar.preparsePolicySet(digest, { staticPolicies: textsOf(policies) });
  const explain = (ids: readonly string[]) => ids.map((id) => policies[id]?.why ?? id).join('; ');

  return {
    digest,
    decide(request) {
      const alone = ask(digest, 'act-alone', request);
      if (alone.allowed) return { decision: 'auto', policies: alone.policies, reason: explain(alone.policies) };
      const approved = ask(digest, 'act-approved', request);
      const reason = approved.error ?? alone.error;
      if (reason !== undefined)
        return { decision: 'forbid', policies: [], reason: `evaluation failed, which denies: ${reason}` };
      if (!approved.allowed) {
        const why = approved.policies.length > 0 ? explain(approved.policies) : 'no policy permits it';
        return { decision: 'forbid', policies: approved.policies, reason: why };
      }
      const why = alone.policies.length > 0 ? explain(alone.policies) : 'no policy lets Resident do it alone';
      return { decision: 'ask', policies: [...new Set([...alone.policies, ...approved.policies])], reason: why };
    },
  };
}

interface CedarAnswer {
  readonly allowed: boolean;
  readonly policies: readonly string[];
  readonly error?: string;
}

/** Cedar skips a policy that errs, so an erring `forbid` would be ignored: any error is a deny here. */
function ask(digest: string, action: 'act-alone' | 'act-approved', request: PolicyRequest): CedarAnswer {
  const answer = cedar.statefulIsAuthorized({
    principal: { type: 'Agent', id: 'resident' },
    action: { type: 'Action', id: action },
    resource: { type: 'Change', id: request.actionId },
    context: {
      stage: reference('Stage', request.stage),
      insideGuardrails: request.insideGuardrails,
      afterRejection: request.afterRejection,
      approvers: request.approvers,
      approvalsNeeded: request.approvalsNeeded,
      approvals: request.approvals,
    },
    entities: listEntities(request),
    preparsedSchemaName: digest,
    preparsedPolicySetId: digest,
    validateRequest: true,
  });
  if (answer.type === 'failure') return { allowed: false, policies: [], error: tellErrors(answer.errors) };
  const { decision, diagnostics } = answer.response;
  if (diagnostics.errors.length > 0) {
    return { allowed: false, policies: [], error: tellErrors(diagnostics.errors.map((item) => item.error)) };
  }
  return { allowed: decision === 'allow', policies: [...diagnostics.reason].sort() };
}

function listEntities(request: PolicyRequest): cedar.Entities {
  return [
    {
      uid: { type: 'Service', id: request.service },
      attrs: { owner: request.owner, mode: reference('Mode', request.mode) },
      parents: [],
    },
    {
      uid: { type: 'Change', id: request.actionId },
      attrs: {
        kind: reference('Kind', request.type),
        service: reference('Service', request.service),
        risk: request.risk,
        tainted: request.tainted,
        reproduced: request.reproduced,
      },
      parents: [],
    },
  ];
}

function reference(type: string, id: string): cedar.CedarValueJson {
  return { __entity: { type, id } };
}

function textsOf(policies: Readonly<Record<string, PolicyText>>): Record<string, string> {
  return Object.fromEntries(Object.entries(policies).map(([id, { text }]) => [id, text]));
}

/** Cedar's messages with their help, and the line where the source is at hand. */
function tellErrors(errors: readonly cedar.DetailedError[], source?: string): string {
  return errors
    .map((error) => {
      const start = error.sourceLocations?.[0]?.start;
      const line = source === undefined || start === undefined ? '' : `line ${countLines(source, start)}: `;
      return `${line}${error.message}${error.help ? ` (${error.help})` : ''}`;
    })
    .join('; ');
}

/** Cedar counts bytes of UTF-8. */
function countLines(source: string, byte: number): number {
  return Buffer.from(source).subarray(0, byte).toString().split('\n').length;
}

function invalid(message: string): OutsideError {
  return new OutsideError(`The policies do not load. ${message}`, {
    system: 'Policy',
    kind: 'Invalid',
    retryable: false,
  });
}
