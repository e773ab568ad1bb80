import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';
import layers from './layers.js';

const environmentOnlyInConfig = { name: 'process', message: 'Read the environment in src/config.ts only.' };

export default defineConfig(
  { ignores: ['node_modules', '.resident', 'demo/shop/**', 'bin/**', '*.js', 'test/fixtures/**', 'test/histories/**'] },
  js.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { layers },
    rules: {
      'layers/direction': 'error',
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 70, skipComments: true, skipBlankLines: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ImportExpression', message: 'Import statically: the import table cannot see this.' },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['src/{domain,workflows}/**'],
    rules: {
      'no-restricted-globals': ['error', 'process', 'fetch', 'crypto', 'performance', 'console', 'Buffer'],
    },
  },
  {
    // Runs inside the sandbox, as plain JavaScript on whichever Node is in the image.
    files: ['docker/**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      parserOptions: { projectService: false },
      globals: { process: 'readonly', performance: 'readonly', setTimeout: 'readonly', clearTimeout: 'readonly' },
    },
  },
  {
    files: ['test/**', 'bench/**', 'demo/**'],
    rules: { 'max-lines-per-function': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
  {
    files: ['src/**'],
    ignores: [
      'src/config.ts',
      'src/config/**',
      'src/{domain,workflows}/**',
      'src/setup/**',
      'src/cli/**',
      'src/workers/**',
    ],
    rules: { 'no-restricted-globals': ['error', environmentOnlyInConfig] },
  },
  {
    files: ['src/**'],
    ignores: ['src/config.ts', 'src/config/**'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Read the environment in src/config.ts only.' },
      ],
    },
  },
);
