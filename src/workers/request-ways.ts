import { z } from 'zod';
import type { SandboxRequest } from '../domain/reproduction/reproduction.ts';
import { archive, argv, imageName, serviceName, sha256 } from './request-fields.ts';

/** What a request for the sandbox may say of the other ways to show a failure, and of a fix: all of it reaches the sandbox. */

const port = z.int().min(1).max(65_535);
const status = z.int().min(100).max(599);
const method = z.enum(['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE']);
/** Path and query as they stand in the first line of a request: no space or line end could begin another one. */
const target = z.string().regex(/^\/[\x21-\x7e]{0,3999}$/, { error: 'must be a path' });
const environment = z.record(
  z.string().regex(/^[A-Za-z_]\w{0,199}$/, { error: 'must be the name of a variable' }),
  z
    .string()
    .max(10_000)
    .refine((text) => !text.includes('\0'), { error: 'must not hold a NUL' }),
);
const timeoutMs = z
  .int()
  .min(1)
  .max(24 * 60 * 60 * 1000);

const startOrder = z.strictObject({
  service: serviceName,
  image: imageName,
  setup: z.array(argv).max(100),
  command: argv,
  port,
  readyPath: target.exactOptional(),
  readyTimeoutMs: timeoutMs,
  environment,
  memoryMb: z.int().min(16).max(65_536),
  cpus: z.number().positive().max(64),
});

export const replayPlan = z.strictObject({
  request: z.strictObject({
    method,
    path: target,
    status: status.exactOptional(),
    durationMs: z.number().min(0).exactOptional(),
    at: z.string().max(40),
    service: serviceName,
    fault: z.enum(['server-error', 'client-error', 'slow']),
    evidenceId: z.string().max(300),
    failures: z.int().min(1),
  }),
  services: z.array(startOrder).min(1).max(50),
  standIns: z
    .array(
      z.strictObject({
        service: serviceName,
        port,
        answers: z.array(z.strictObject({ method, path: target, status })).max(200),
      }),
    )
    .max(50),
  answerTimeoutMs: timeoutMs,
});

/** A path below a folder, without steps upwards. */
const relativePath = z
  .string()
  .regex(/^[\w.-]+(?:\/[\w.-]+){0,20}$/, { error: 'must be a plain relative path' })
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..' || part === '.git'), {
    error: 'must stay inside the service',
  });

export const packedScript = z.strictObject({
  path: relativePath,
  digest: sha256,
  command: argv,
  by: z.string().max(200),
});

const by = z.string().max(200);
const paths = z.array(z.string().max(300)).max(50);
const changes = z.strictObject({ paths, left: z.int().min(0).max(100_000), guarded: paths, digest: sha256 });
export const fixOrder = z.strictObject({
  test: z.strictObject({ image: imageName, setup: z.array(argv).max(100), command: argv }).exactOptional(),
  written: z
    .union([
      z.strictObject({
        by,
        archive: archive.extend({ revision: z.string().max(40) }),
        changes: changes.exactOptional(),
      }),
      z.strictObject({ by, refused: z.string().max(1_000) }),
    ])
    .exactOptional(),
});

export const ways = z
  .array(z.enum(['test', 'request', 'script']))
  .min(1)
  .max(3);

/** Every image beside the request's own. */
export function listWayImages({ replay, fix }: Pick<SandboxRequest, 'replay' | 'fix'>): readonly string[] {
  return [...(replay?.services.map(({ image }) => image) ?? []), ...(fix?.test ? [fix.test.image] : [])];
}
