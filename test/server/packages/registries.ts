import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hashForGo, makeTarball, makeZip } from './archives.ts';
import { mavenTree } from './maven.ts';

/**
 * Registries of npm, Python and Go on loopback, with one package each, Python's in two versions, and what `more` holds by path.
 * `requests` lists the paths that were asked for.
 */
export async function startPackages(postinstall: string, more: ReadonlyMap<string, Buffer> = new Map()) {
  const bodies = new Map<string, Buffer | string>(more);
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const url = decodeURIComponent(request.url ?? '');
    requests.push(url);
    const body = bodies.get(url);
    if (body === undefined) return response.writeHead(404).end();
    response.writeHead(200, { 'content-type': url.startsWith('/simple/') ? 'text/html' : 'application/octet-stream' });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const manifest = { name: 'tally', version: '1.2.3', scripts: { postinstall: 'node postinstall.js' } };
  const tarball = await makeTarball({
    'package.json': JSON.stringify(manifest),
    'index.js': 'exports.add = (a, b) => a + b;',
    'postinstall.js': postinstall,
  });
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const dist = { tarball: `${url}/tally/-/tally-1.2.3.tgz`, integrity };
  bodies.set('/tally', JSON.stringify({ name: 'tally', versions: { '1.2.3': { ...manifest, dist } } }));
  bodies.set('/tally/-/tally-1.2.3.tgz', tarball);

  const wheels = ['1.2.3', '2.0.0'].map((version) => ({ version, name: `tally-${version}-py3-none-any.whl` }));
  bodies.set('/simple/tally/', wheels.map(({ name }) => `<a href="/wheels/${name}">${name}</a>`).join('\n'));
  for (const { version, name } of wheels) bodies.set(`/wheels/${name}`, makeWheel(version));

  const at = '/go/example.test/tally/@v/v1.2.3';
  const goMod = 'module example.test/tally\n\ngo 1.20\n';
  const module = {
    'example.test/tally@v1.2.3/go.mod': goMod,
    'example.test/tally@v1.2.3/tally.go': 'package tally\n\nfunc Add(a, b int) int { return a + b }\n',
  };
  bodies.set(`${at}.info`, '{"Version":"v1.2.3","Time":"2025-01-01T00:00:00Z"}');
  bodies.set(`${at}.mod`, goMod);
  bodies.set(`${at}.zip`, makeZip(module));
  const goSum = `example.test/tally v1.2.3 ${hashForGo(module)}\nexample.test/tally v1.2.3/go.mod ${hashForGo({ 'go.mod': goMod })}\n`;
  return { url, requests, integrity, goSum, stop: () => new Promise((resolve) => server.close(resolve)) };
}

function makeWheel(version: string): Buffer {
  const info = `tally-${version}.dist-info`;
  return makeZip({
    'tally.py': `version = '${version}'\n\ndef add(a, b):\n    return a + b\n`,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: tally\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${info}/RECORD`]: `tally.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
  });
}

export type Packages = Awaited<ReturnType<typeof startPackages>>;

/** Source trees of four services, each of which needs the package to pass its test. */
export function makeTrees({ url, integrity, goSum }: Packages) {
  const dependencies = { tally: '1.2.3' };
  const lock = {
    name: 'app',
    lockfileVersion: 3,
    packages: {
      '': { name: 'app', dependencies },
      'node_modules/tally': {
        version: '1.2.3',
        resolved: `${url}/tally/-/tally-1.2.3.tgz`,
        integrity,
        hasInstallScript: true,
      },
    },
  };
  return {
    node: {
      'package.json': JSON.stringify({
        name: 'app',
        scripts: { postinstall: 'exit 1', test: 'node test.js' },
        dependencies,
      }),
      'package-lock.json': JSON.stringify(lock),
      'test.js': "console.log('sum', require('tally').add(40, 2));",
    },
    python: {
      'requirements.txt': '# what it needs\n-r requirements-more.txt\n',
      'requirements-more.txt': 'tally==1.2.3\n',
      'test.py': "import tally\nprint('sum', tally.add(40, 2))\n",
    },
    go: {
      'go.mod': 'module example.test/app\n\ngo 1.20\n\nrequire example.test/tally v1.2.3\n',
      'go.sum': goSum,
      'main.go': 'package main\n\nimport "example.test/tally"\n\nfunc main() { println("sum", tally.Add(40, 2)) }\n',
    },
    java: mavenTree,
  } as const;
}
