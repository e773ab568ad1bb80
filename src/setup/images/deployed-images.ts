import { createDeployRecords } from '../../adapters/deploy-records.ts';
import { findDeployedImage } from '../../domain/evidence/deploys.ts';
import { parseImageName } from '../../domain/reproduction/image-name.ts';
import type { ResidentSettings, ServiceSettings } from '../../domain/settings.ts';

/** The settings with `sandbox.image: deployed` replaced by the digest that is deployed now, where a record tells one. */
export async function resolveDeployedImages(settings: ResidentSettings): Promise<ResidentSettings> {
  const records = createDeployRecords();
  const resolve = async (service: ServiceSettings): Promise<ServiceSettings> => {
    const { sandbox, deploysFile, name } = service;
    if (!sandbox || deploysFile === undefined || parseImageName(sandbox.image).kind !== 'deployed') return service;
    const { deploys } = await records.read(deploysFile, name);
    const image = findDeployedImage(deploys, new Date().toISOString());
    return image === undefined ? service : { ...service, sandbox: { ...sandbox, image } };
  };
  const services = await Promise.all(Object.values(settings.services).map(resolve));
  return { ...settings, services: Object.fromEntries(services.map((service) => [service.name, service])) };
}
