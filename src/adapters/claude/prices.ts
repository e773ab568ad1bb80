import type { ModelPrices } from '../../domain/settings.ts';

/** When the list below was read. Prices change: `engine.prices` in resident.yaml goes before it. */
export const pricesReadOn = '2026-11-21';

/**
 * List prices in US dollars for a million tokens, with the provider's cache of five minutes: platform.claude.com/docs, "Pricing" and the
 * pages of the models. A model whose price depends on the length of the prompt is left out.
 */
const listPrices: Readonly<Record<string, Required<ModelPrices>>> = {
  'claude-opus-5-5': { input: 4, output: 20, cacheWrite: 5, cacheRead: 0.2 },
  'claude-opus-5': { input: 5, output: 25, cacheWrite: 6.25, cacheRead: 0.5 },
  'claude-opus-4-8': { input: 5, output: 25, cacheWrite: 6.25, cacheRead: 0.5 },
  'claude-sonnet-5-5': { input: 2, output: 10, cacheWrite: 2.5, cacheRead: 0.2 },
  'claude-sonnet-5': { input: 2, output: 10, cacheWrite: 2.5, cacheRead: 0.2 },
  'claude-haiku-4-5': { input: 1, output: 5, cacheWrite: 1.25, cacheRead: 0.1 },
};

/** What a model costs by the list; undefined for one that is not in it. A dated name, such as `claude-haiku-4-5-20251001`, is its model. */
export function findListPrices(model: string): Required<ModelPrices> | undefined {
  const name = model.replace(/-\d{8}$/, '');
  return Object.hasOwn(listPrices, name) ? listPrices[name] : undefined;
}

/** Where only plain input is known, writing to the cache costs a quarter more, and reading a tenth: "Prompt caching" of the same pages. */
const cacheFactors = { write: 1.25, read: 0.1 } as const;

/** Tokens of one answer, as the API counts them: `plain` input was neither written to the cache nor read from it. */
export interface CountedTokens {
  readonly plain: number;
  readonly written: number;
  readonly read: number;
  readonly output: number;
}

/** US dollars. */
export function priceTokens({ plain, written, read, output }: CountedTokens, prices: ModelPrices): number {
  const { input, cacheWrite = cacheFactors.write * input, cacheRead = cacheFactors.read * input } = prices;
  return (plain * input + written * cacheWrite + read * cacheRead + output * prices.output) / 1_000_000;
}
