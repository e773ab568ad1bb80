import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { parseImageName } from '../domain/image-name.ts';
import type { SandboxRequest } from '../domain/reproduction.ts';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 in hex' });
/** A folder name below the work folder. */
const serviceName = z.string().regex(/^[A-Za-z0-9][\w.-]{0,127}$/, { error: 'must be a plain service name' });
const revision = z.string().regex(/^[\w./-]{1,200}$/, { error: 'must be a revision' });
const identifier = z.string().regex(/^[\w./:-]{1,300}$/, { error: 'must be a plain identifier' });
const imageName = z.string().regex(/^[A-Za-z0-9][\w./:@-]{0,299}$/, { error: 'must be the name of an image' });

/** An argument list for execve; a NUL would end it early, and the kernel takes 128 KB for one argument. */
const argument = z
  .string()
  .max(128 * 1024 - 1)
  .refine((text) => !text.includes('\0'), { error: 'must not hold a NUL' });
const argv = z.tuple([argument.min(1)], argument).refine(([...all]) => all.length <= 10_000);

const archive = z.strictObject({
  service: serviceName,
  revision,
  digest: sha256,
  bytes: z.int().min(0),
  change: z.string().max(40).optional(),
});
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

/** What reaches Docker. Fields that it does not look at (notes, expected errors) pass unread: they stay on this side. */
const requestSchema = z
  .looseObject({
    incidentId: identifier,
    runId: identifier,
    image: imageName,
    workService: serviceName,
    setup: z.array(argv).max(100),
    command: argv,
    suspectService: serviceName,
    revisions: z.array(archive).min(1).max(1_000),
    suspectIndex: z.int().min(0),
    neighbours: z.array(archive).max(200),
    limits,
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
  const { image } = parsed.data;
  const { kind } = parseImageName(image);
  if (kind !== 'language' && kind !== 'pinned' && !namedImages.includes(image)) {
    throw badRequest([`image: ${image} is no known language, has no digest, and resident.yaml does not name it`]);
  }
  return input as SandboxRequest;
}

function badRequest(faults: readonly string[]): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'Sandbox.BadRequest',
    message: `The sandbox takes no such request: ${faults.slice(0, 10).join('; ')}`.slice(0, 2_000),
    nonRetryable: true,
  });
}
