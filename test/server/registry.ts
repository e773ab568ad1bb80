import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeConfig, type LayerFile } from '../../src/adapters/image-builder/archive.ts';

export interface RegistryImage {
  readonly config: string;
  readonly layer: LayerFile;
}

/**
 * An image registry on loopback: the part of the distribution API (v2) that a pull uses. A Docker engine takes it as an
 * insecure one, as all of 127.0.0.0/8. `requests` lists the paths that were asked for.
 */
export async function startRegistry() {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Buffer>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    requests.push(url);
    const [, name, kind, reference] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url) ?? [];
    const body = kind === 'blobs' ? blobs.get(reference!) : manifests.get(`${name}:${reference}`);
    if (/^\/v2\/?$/.test(url)) return response.end('{}');
    if (!body) return response.writeHead(404, { 'content-type': 'application/json' }).end('{"errors":[]}');
    const type = kind === 'blobs' ? 'application/octet-stream' : manifestType;
    const head = { 'content-type': type, 'content-length': body.length, 'docker-content-digest': digestOf(body) };
    response.writeHead(200, head).end(request.method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const keep = (body: Buffer, mediaType: string) => {
    blobs.set(digestOf(body), body);
    return { mediaType, size: body.length, digest: digestOf(body) };
  };
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    /** Puts an image under a tag, and returns its digest. */
    async push(name: string, tag: string, { config, layer }: RegistryImage): Promise<string> {
      const manifest = {
        schemaVersion: 2,
        mediaType: manifestType,
        config: keep(Buffer.from(config), 'application/vnd.docker.container.image.v1+json'),
        layers: [keep(await readFile(layer.file), 'application/vnd.docker.image.rootfs.diff.tar')],
      };
      const bytes = Buffer.from(JSON.stringify(manifest));
      manifests.set(`${name}:${tag}`, bytes);
      manifests.set(`${name}:${digestOf(bytes)}`, bytes);
      return digestOf(bytes);
    },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json';

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A configuration as other people's images have it, with what a sandbox must not take over. */
export function makeForeignConfig(layer: LayerFile, change: Readonly<Record<string, unknown>> = {}): string {
  const own = JSON.parse(makeConfig([layer], { architecture: 'amd64', env: [], labels: {} })) as { config: object };
  const config = {
    User: 'root',
    Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'FLAVOUR=foreign'],
    Entrypoint: ['/entry.sh'],
    Cmd: ['serve'],
    Volumes: { '/data': {} },
    Healthcheck: { Test: ['CMD', 'false'] },
    ...change,
  };
  return JSON.stringify({ ...own, config });
}
