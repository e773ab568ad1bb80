import type { Deploy, TimeWindow } from './evidence.ts';
import { parseImageName } from '../reproduction/image-name.ts';

/** The revision that runs at a time: the last deploy that succeeded by then. `deploys` is of one service, oldest first. */
export function findDeployedRevision(deploys: readonly Deploy[], at: string): string | undefined {
  return findDeployAt(deploys, at)?.revision;
}

/** The image that runs at a time, where the record names it by digest: a tag may lead elsewhere by now. */
export function findDeployedImage(deploys: readonly Deploy[], at: string): string | undefined {
  const image = findDeployAt(deploys, at)?.image;
  return image !== undefined && parseImageName(image).kind === 'pinned' ? image : undefined;
}

/** The last deploy that had succeeded at a time. */
export function findDeployAt(deploys: readonly Deploy[], at: string): Deploy | undefined {
  return deploys.findLast((deploy) => deploy.status === 'succeeded' && Date.parse(deploy.at) <= Date.parse(at));
}

/** Oldest first, with `previous` filled in from the records where a deploy does not tell it. */
export function completeDeploys(deploys: readonly Deploy[]): readonly Deploy[] {
  const ordered = deploys.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  let running: string | undefined;
  return ordered.map((deploy) => {
    const previous = deploy.previous ?? running;
    if (deploy.status === 'succeeded') running = deploy.revision;
    return previous === undefined ? deploy : { ...deploy, previous };
  });
}

/** Deploys that fall in a window; `from` inclusive, `to` exclusive. */
export function listDeploysWithin(deploys: readonly Deploy[], window: TimeWindow): readonly Deploy[] {
  return deploys.filter((deploy) => isWithin(window, deploy.at));
}

/** True when an ISO time lies in the window. */
export function isWithin(window: TimeWindow, at: string): boolean {
  const time = Date.parse(at);
  return time >= Date.parse(window.from) && time < Date.parse(window.to);
}
