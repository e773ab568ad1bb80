import { parseArgs } from 'node:util';
import { VARIANTS, type Variant } from './history/variants.ts';

export interface DemoOptions {
  readonly variant: Variant;
  /** Approve without asking; also without a terminal. */
  readonly yes: boolean;
  /** Leave everything running at the end, until Ctrl-C. */
  readonly keep: boolean;
  /** Kill the worker three times and the Temporal server once, and let a fake model argue. */
  readonly crash: boolean;
  readonly json?: string;
  readonly mayInstall: boolean;
  /** Programs to do without, to see what is lost: `docker`, `monitoring`. */
  readonly without: readonly string[];
}

export const usage = `npm run demo -- [options]

Breaks a small shop of four services and lets Resident diagnose, reproduce, propose, repair and report.

  --yes              approve the plan without asking (so does running without a terminal)
  --keep             leave everything running at the end, to explore; Ctrl-C ends it
  --crash            SIGKILL the worker during the investigation, the sandbox run and the repair, and Temporal once
  --json FILE        write the result as JSON (docs/json.md)
  --variant NAME     which fault: ${VARIANTS.join(', ')} (default session)
  --without NAMES    do without docker, monitoring or both, to see what is lost
  --no-install       fetch no missing program
  --help             this text`;

/** @throws Error that says what is wrong with the command line. */
export function readOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      yes: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      crash: { type: 'boolean', default: false },
      json: { type: 'string' },
      variant: { type: 'string', default: 'session' },
      without: { type: 'string', default: '' },
      'no-install': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const variant = VARIANTS.find((name) => name === values.variant);
  if (!variant) throw new Error(`There is no variant "${values.variant}". Variants: ${VARIANTS.join(', ')}.`);
  const without = values.without.split(',').filter(Boolean);
  const unknown = without.filter((name) => name !== 'docker' && name !== 'monitoring');
  if (unknown.length > 0) throw new Error(`--without takes docker and monitoring, not ${unknown.join(', ')}.`);
  return {
    variant,
    yes: values.yes || !process.stdin.isTTY,
    keep: values.keep,
    crash: values.crash,
    ...(values.json === undefined ? {} : { json: values.json }),
    mayInstall: !values['no-install'],
    without,
  };
}
