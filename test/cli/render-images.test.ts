import { expect, it } from 'vitest';
import { renderImageList } from '../../src/cli/render-images.ts';
import type { ImageList } from '../../src/setup/images/list-images.ts';

const node = {
  image: 'node',
  state: 'ready',
  from: 'node 20.20.2 of this machine',
  bytes: 126e6,
  problem: '',
} as const;
const key = 'f4f59a210f6f0123456789abcdef0123';
const row = {
  service: 'api',
  revision: '1a6d54ff11f9aaaa',
  image: 'python',
  lockfile: 'requirements.txt',
  key,
} as const;

function render(list: Partial<ImageList>): string {
  return renderImageList({
    images: [{ ...node, services: ['shop'] }],
    dependencies: [],
    notes: [],
    isReady: true,
    ...list,
  });
}

it('tells what an image was made from only where there is one, and does not tell its name again', () => {
  const absent = {
    state: 'missing',
    from: 'this machine',
    problem: 'python 3.9 is asked for',
    services: ['own'],
  } as const;
  const digest = `app@sha256:${'a'.repeat(64)}`;
  const pinned = { ...node, image: digest, from: digest, services: ['app'] };
  const text = render({ images: [{ ...absent, image: 'python:3.9' }, pinned], isReady: false });
  expect(text).toMatch(/^python:3\.9 +missing +own$/m);
  expect(text).toMatch(/^app@sha256:a{64} +ready +126 MB +app$/m);
  expect(text).toContain('\npython:3.9: python 3.9 is asked for');
});

it('tells the digest of a layer only where the layer is there', () => {
  const prepared = { ...row, state: 'ready', bytes: 2e6, problem: '' } as const;
  const wanted = { ...row, service: 'users', state: 'to-prepare', problem: 'not prepared' } as const;
  const text = render({ dependencies: [prepared, wanted], isReady: false });
  expect(text).toMatch(/^DEPENDENCIES OF +REVISION +LOCKFILE +IMAGE +STATE +LAYER +SIZE$/m);
  expect(text).toMatch(/^api +1a6d54ff11f9 +requirements\.txt +python +ready +f4f59a210f6f +2 MB$/m);
  expect(text).toMatch(/^users +1a6d54ff11f9 +requirements\.txt +python +to-prepare$/m);
});

it('speaks only of the sandboxes that it shows, and of what is odd about them', () => {
  expect(render({}).split('\n').at(-1)).toBe('Each of these sandboxes has what it needs.');
  const noted = render({ notes: ['shop is written in python'] });
  expect(noted).toMatch(/\nNote: shop is written in python\n\nEach of these sandboxes has what it needs\.$/);
});
