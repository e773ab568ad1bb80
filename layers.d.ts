import type { Rule } from 'eslint';

export interface Layer {
  readonly may: readonly string[];
  readonly types?: readonly string[];
  readonly packages?: readonly string[];
  readonly why: string;
}

export const layers: Readonly<
  Record<
    | 'domain'
    | 'workflows'
    | 'activities'
    | 'adapters'
    | 'client'
    | 'gateway'
    | 'setup'
    | 'cli'
    | 'workers'
    | 'config'
    | 'logger',
    Layer
  >
>;
export function layerOf(file: string): string;
declare const plugin: { readonly rules: { readonly direction: Rule.RuleModule } };
export default plugin;
