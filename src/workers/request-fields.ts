import { z } from 'zod';
import { changeKinds } from '../domain/evidence/change-kind.ts';

/** What single values of a request for the sandbox may look like. */

export const sha256 = z.string().regex(/^[0-9a-f]{64}$/, { error: 'must be a SHA-256 in hex' });
/** A folder name below the work folder. */
export const serviceName = z.string().regex(/^[A-Za-z0-9][\w.-]{0,127}$/, { error: 'must be a plain service name' });
export const revision = z.string().regex(/^[\w./-]{1,200}$/, { error: 'must be a revision' });
export const identifier = z.string().regex(/^[\w./:-]{1,300}$/, { error: 'must be a plain identifier' });
export const imageName = z.string().regex(/^[A-Za-z0-9][\w./:@-]{0,299}$/, { error: 'must be the name of an image' });

/** An argument list for execve; a NUL would end it early, and the kernel takes 128 KB for one argument. */
export const argument = z
  .string()
  .max(128 * 1024 - 1)
  .refine((text) => !text.includes('\0'), { error: 'must not hold a NUL' });
export const argv = z.tuple([argument.min(1)], argument).refine(([...all]) => all.length <= 10_000);

export const archive = z.strictObject({
  service: serviceName,
  revision,
  digest: sha256,
  bytes: z.int().min(0),
  change: z.enum(changeKinds).exactOptional(),
});
