import type { FailureLocation, FailureSignature, SandboxRequest } from './reproduction.ts';
import { findTellingFrame } from './frames.ts';

/**
 * The place of a failure, with the revision that its service ran at; undefined where no frame is of these sources.
 * @param revision of the suspect service in that run
 */
export function locateSignature(
  { suspectService, neighbours }: Pick<SandboxRequest, 'suspectService' | 'neighbours'>,
  { frames }: FailureSignature,
  revision: string,
): FailureLocation | undefined {
  const { service, file, line, symbol } = findTellingFrame(frames) ?? {};
  if (service === undefined || file === undefined || line === undefined) return undefined;
  const ranAt = service === suspectService ? revision : neighbours.find((one) => one.service === service)?.revision;
  if (ranAt === undefined) return undefined;
  return { service, revision: ranAt, file, line, ...(symbol === undefined ? {} : { symbol }) };
}

/** `src/total.js:12 (total) of app, which 0123456789ab last touched: "Count vat"`. */
export function describeLocation({ service, file, line, symbol, commit, subject }: FailureLocation): string {
  const name = symbol === undefined ? '' : ` (${symbol})`;
  const touched =
    commit === undefined ? '' : `, which ${commit.slice(0, 12)} last touched${subject ? `: "${subject}"` : ''}`;
  return `${file}:${line}${name} of ${service}${touched}`;
}
