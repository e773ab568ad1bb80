import { describe, expect, it } from 'vitest';
import { fitsVersion, guessImageName, parseImageName } from '../../../src/domain/reproduction/image-name.ts';

const digest = `sha256:${'a'.repeat(64)}`;

describe('the name of an image', () => {
  it.each([
    ['node', { kind: 'language', language: 'node' }],
    ['python:3.11', { kind: 'language', language: 'python', version: '3.11' }],
    ['java:17', { kind: 'language', language: 'java', version: '17' }],
    [`registry.example.com/shop/app@${digest}`, { kind: 'pinned' }],
    [digest, { kind: 'pinned' }],
    ['deployed', { kind: 'deployed' }],
    ['node:22-bookworm-slim', { kind: 'local' }],
    ['example/node:20', { kind: 'local' }],
    ['ruby', { kind: 'local' }],
    [`app@${digest.slice(0, -1)}`, { kind: 'local' }],
  ])('%s is understood', (name, expected) => {
    expect(parseImageName(name)).toMatchObject(expected);
  });

  it.each([
    ['pythn', 'python'],
    ['pythn:3.11', 'python:3.11'],
    ['node:22-bookworm-slim', 'node:22'],
    ['golang:1.25', 'go:1.25'],
    ['deploy', 'deployed'],
    ['python', undefined],
    ['java:99', undefined],
    ['nginx', undefined],
    ['x', undefined],
    ['example/node:20', undefined],
    [`app@${digest}`, undefined],
  ])('%s may be meant as %s', (name, meant) => {
    expect(guessImageName(name)).toBe(meant);
  });

  it('asks for a version by its leading numbers, and not by its leading digits', () => {
    expect(fitsVersion('3.11.7', '3.11')).toBe(true);
    expect(fitsVersion('3.11.7', '3.1')).toBe(false);
    expect(fitsVersion('17.0.15', '17')).toBe(true);
    expect(fitsVersion('3.11.7', undefined)).toBe(true);
  });
});
