import type { DeployRecords } from '../../adapters/deploy-records.ts';
import { findDeployedImage } from '../../domain/evidence/deploys.ts';
import { parseImageName } from '../../domain/reproduction/image-name.ts';
import type { ServiceSettings } from '../../domain/settings.ts';

export interface NameImagePorts {
  readonly services: Readonly<Record<string, ServiceSettings>>;
  readonly deployRecords: DeployRecords;
  readonly now?: () => Date;
}

/** The image of a service's sandbox; `deployed` becomes the digest that the record of the running deploy tells. */
export async function nameImage(
  { services, deployRecords, now = () => new Date() }: NameImagePorts,
  service: string,
  image: string,
): Promise<string | { readonly cannotRun: string }> {
  if (parseImageName(image).kind !== 'deployed') return image;
  const file = services[service]?.deploysFile;
  const deploys = file === undefined ? [] : (await deployRecords.read(file, service)).deploys;
  const found = findDeployedImage(deploys, now().toISOString());
  if (found !== undefined) return found;
  return {
    cannotRun:
      `\`sandbox.image: deployed\` of ${service} takes the image of the deploy that runs, and its record names none by digest. ` +
      'Write `"image": "registry/app@sha256:…"` into the deploy records, or name an image in `sandbox.image`.',
  };
}
