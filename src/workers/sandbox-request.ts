import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { parseImageName } from '../domain/reproduction/image-name.ts';
import type { SandboxRequest } from '../domain/reproduction/reproduction.ts';
import { archive, argv, identifier, imageName, serviceName } from './request-fields.ts';
import { fixOrder, listWayImages, packedScript, replayPlan, ways } from './request-ways.ts';

const limits = z.strictObject({
  memoryMb: z.int().min(16).max(65_536),
  cpus: z.number().positive().max(64),
  timeoutMs: z
    .int()
    .min(1)
    .max(24 * 60 * 60 * 1000),
  outputBytes: z
    .int()
    .min(1)
    .max(64 * 1024 * 1024),
});

/** Texts that stay on this side: only their size counts, for every output is searched for them. */
const text = z.string().max(10_000);
const codeFrame = z.strictObject({
  service: text.exactOptional(),
  file: text,
  line: z.int().exactOptional(),
  symbol: text.exactOptional(),
});
const expectedError = z.strictObject({
  type: text.exactOptional(),
  template: text,
  printed: text.exactOptional(),
  frames: z.array(codeFrame).max(100),
  test: text.exactOptional(),
  status: z.int().exactOptional(),
});

/** What reaches Docker, and the size of what is compared with its answers. A field that is not listed refuses the request. */
const requestSchema = z
  .strictObject({
    incidentId: identifier,
    runId: identifier,
    image: imageName,
    workService: serviceName,
    setup: z.array(argv).max(100),
    command: z.union([argv, z.tuple([])]),
    suspectService: serviceName,
    revisions: z.array(archive).min(1).max(1_000),
    history: z.array(z.array(z.int().min(0)).max(100)).exactOptional(),
    gaps: z.array(z.int().min(0)).exactOptional(),
    suspectIndex: z.int().min(0),
    neighbours: z.array(archive).max(200),
    limits,
    replay: replayPlan.exactOptional(),
    script: packedScript.exactOptional(),
    fix: fixOrder.exactOptional(),
    ways: ways.exactOptional(),
    notes: z.array(text).max(1_000).exactOptional(),
    expected: z.array(expectedError).max(100).exactOptional(),
  })
  .refine(({ command, ways: named = ['test'] }) => command.length > 0 || !named.includes('test'), {
    error: 'must hold a program: it is one of the ways',
    path: ['command'],
  })
  .refine(({ replay, ways: named = [] }) => replay !== undefined || !named.includes('request'), {
    error: 'must be there: it is one of the ways',
    path: ['replay'],
  })
  .refine(({ script, ways: named = [] }) => script !== undefined || !named.includes('script'), {
    error: 'must be there: it is one of the ways',
    path: ['script'],
  })
  .refine(({ revisions, history }) => history === undefined || isHistoryOf(history, revisions.length), {
    error: 'must name for each revision its parents, all of which come before it',
    path: ['history'],
  })
  .refine(({ revisions, gaps }) => gaps === undefined || gaps.length === revisions.length, {
    error: 'must hold a number for each revision',
    path: ['gaps'],
  })
  .refine(({ revisions, suspectIndex }) => suspectIndex < revisions.length, {
    error: 'must be the place of a revision',
    path: ['suspectIndex'],
  });

/**
 * Takes a request for the sandbox apart before anything else looks at it: it came over the network, and what it says goes
 * to an engine that is root on its machine. An image is a language, one pinned by its digest, or one that resident.yaml names.
 * @throws `Sandbox.BadRequest`, never tried again, with every fault.
 */
export function parseSandboxRequest(input: unknown, namedImages: readonly string[]): SandboxRequest {
  const parsed = requestSchema.safeParse(input);
  if (!parsed.success) {
    throw badRequest(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`));
  }
  const unknown = [parsed.data.image, ...listWayImages(parsed.data)].filter((image) => {
    const { kind } = parseImageName(image);
    return kind !== 'language' && kind !== 'pinned' && !namedImages.includes(image);
  });
  if (unknown.length > 0) {
    throw badRequest(
      unknown.map((image) => `image: ${image} is no known language, has no digest, and resident.yaml does not name it`),
    );
  }
  return parsed.data;
}

/** A parent that comes later would let the bisection walk in circles. */
function isHistoryOf(history: readonly (readonly number[])[], length: number): boolean {
  return history.length === length && history.every((parents, index) => parents.every((parent) => parent < index));
}

function badRequest(faults: readonly string[]): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'Sandbox.BadRequest',
    message: `The sandbox takes no such request: ${faults.slice(0, 10).join('; ')}`.slice(0, 2_000),
    nonRetryable: true,
  });
}
