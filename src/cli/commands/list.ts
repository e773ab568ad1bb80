import { InvalidArgumentError, type Command } from 'commander';
import { withContext, withJson, type CommonOptions } from '../context.ts';
import { say, sayJson } from '../output.ts';
import { renderList } from '../render.ts';

interface ListOptions extends CommonOptions {
  readonly service?: string;
  readonly open?: boolean;
  readonly closed?: boolean;
  readonly limit: number;
}

export function addList(program: Command): void {
  withJson(program.command('list'))
    .description('incidents, newest first')
    .option('--service <name>', 'of one service')
    .option('--open', 'open ones only')
    .option('--closed', 'closed ones only')
    .option('-n, --limit <count>', 'at most so many', readCount, 50)
    .action(async (options: ListOptions) => {
      await withContext(options, async ({ incidents }) => {
        const rows = await incidents.list({
          ...(options.service === undefined ? {} : { service: options.service }),
          ...(options.open ? { open: true } : options.closed ? { open: false } : {}),
          limit: options.limit,
        });
        if (options.json) sayJson(rows);
        else say(renderList(rows));
      });
    });
}

function readCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Write a whole number above 0.');
  return count;
}
