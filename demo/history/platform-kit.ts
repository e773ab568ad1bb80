import type { Author, CommitRecipe } from './recipe.ts';

const platform = (file: string) => `src/platform/${file}.js`;

/** Every repository holds a copy of the platform kit, and took its releases in at its own time. */
export function takeRotation(author: Author): CommitRecipe {
  return {
    subject: 'platform-kit 1.1: rotate the log',
    body: 'The disk of node 4 was full of our logs on Monday.',
    author,
    edits: [
      {
        file: platform('log'),
        before: `import { appendFileSync, mkdirSync } from 'node:fs';`,
        after: `import { appendFileSync, mkdirSync, readdirSync, renameSync, statSync, unlinkSync } from 'node:fs';`,
      },
      {
        file: platform('log'),
        before: ' * Writes one JSON object a line to `<folder>/<service>.log`. Without a folder nothing is written.\n',
        after:
          ' * Writes one JSON object a line to `<folder>/<service>.log`. Past `maxBytes` the file moves aside as\n' +
          ' * `<service>-<time>.log`, and only the `keep` youngest of those stay. Without a folder nothing is written.\n',
      },
      {
        file: platform('log'),
        before: '{ service, folder }',
        after: '{ service, folder, maxBytes = 512 * 1024, keep = 5 }',
      },
      {
        file: platform('log'),
        before: '    appendFileSync(file',
        after: '    rotateWhenFull();\n    appendFileSync(file',
      },
      {
        file: platform('log'),
        before: '  return {',
        after: `  function rotateWhenFull() {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size < maxBytes) return;
    const stamp = new Date().toISOString().replaceAll(/[-:]/g, '');
    renameSync(file, path.join(folder, \`\${service}-\${stamp}.log\`));
    const aside = readdirSync(folder).filter((name) => name.startsWith(\`\${service}-2\`) && name.endsWith('.log'));
    for (const name of aside.sort().slice(0, -keep)) unlinkSync(path.join(folder, name));
  }

  return {`,
      },
      {
        file: 'src/service.js',
        before: 'folder: logFolder }',
        after: 'folder: logFolder, maxBytes: config.logMaxBytes }',
      },
      { file: 'config/default.json', before: ' }', after: ', "logMaxBytes": 524288 }' },
    ],
  };
}

export function takeProcessMetrics(author: Author): CommitRecipe {
  return {
    subject: 'platform-kit 1.2: memory and start time in /metrics',
    author,
    edits: [
      {
        file: platform('metrics'),
        before: 'labels({ service, revision })),\n',
        after: 'labels({ service, revision }), startedAtSeconds),\n',
      },
      {
        file: platform('metrics'),
        before: '  const durations = new Map();\n',
        after: '  const durations = new Map();\n  const startedAtSeconds = Date.now() / 1000;\n',
      },
      {
        file: platform('metrics'),
        before: `function processLines(buildLabels) {
  return ['# TYPE build_info gauge', \`build_info{\${buildLabels}} 1\`];
}`,
        after: `function processLines(buildLabels, startedAtSeconds) {
  const { rss, heapUsed } = process.memoryUsage();
  return [
    '# TYPE build_info gauge',
    \`build_info{\${buildLabels}} 1\`,
    '# TYPE process_start_time_seconds gauge',
    \`process_start_time_seconds \${startedAtSeconds}\`,
    '# TYPE process_resident_memory_bytes gauge',
    \`process_resident_memory_bytes \${rss}\`,
    '# TYPE nodejs_heap_size_used_bytes gauge',
    \`nodejs_heap_size_used_bytes \${heapUsed}\`,
  ];
}`,
      },
    ],
  };
}

export function takeBodyLimit(author: Author): CommitRecipe {
  return {
    subject: 'platform-kit 1.3: limit request bodies to 64 KiB',
    author,
    edits: [
      {
        file: platform('server'),
        before: `import http from 'node:http';\n`,
        after: `import http from 'node:http';\n\nconst BODY_LIMIT_BYTES = 64 * 1024;\n`,
      },
      {
        file: platform('server'),
        before: '  for await (const chunk of request) text += chunk;\n',
        after: `  for await (const chunk of request) {
    text += chunk;
    if (text.length > BODY_LIMIT_BYTES) throw new HttpError(413, { error: 'body_too_large' });
  }
`,
      },
    ],
  };
}

export function takeQuickClose(author: Author): CommitRecipe {
  return {
    subject: 'platform-kit 1.4: do not hang on idle connections when stopping',
    body: 'Deploys waited for keep-alive connections of the load balancer.',
    author,
    edits: [
      {
        file: platform('server'),
        before: '    server.close(resolve);\n',
        after: `    server.close(resolve);
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), 1000).unref();
`,
      },
    ],
  };
}

export const PLATFORM_FILES = ['clock', 'log', 'metrics', 'run', 'server', 'upstream'].map(platform);
