import { appendFileSync, mkdirSync, readdirSync, renameSync, statSync, unlinkSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes one JSON object a line to `<folder>/<service>.log`. Past `maxBytes` the file moves aside as
 * `<service>-<time>.log`, and only the `keep` youngest of those stay. Without a folder nothing is written.
 */
export function createLog({ service, folder, maxBytes = 512 * 1024, keep = 5 }) {
  const file = folder && path.join(folder, `${service}.log`);
  if (folder) mkdirSync(folder, { recursive: true });

  function write(level, msg, fields = {}) {
    if (!file) return;
    const line = JSON.stringify({ ts: new Date().toISOString(), level, service, msg, ...fields });
    rotateWhenFull();
    appendFileSync(file, line + '\n');
  }

  function rotateWhenFull() {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    if (size < maxBytes) return;
    const stamp = new Date().toISOString().replaceAll(/[-:]/g, '');
    renameSync(file, path.join(folder, `${service}-${stamp}.log`));
    const aside = readdirSync(folder).filter((name) => name.startsWith(`${service}-2`) && name.endsWith('.log'));
    for (const name of aside.sort().slice(0, -keep)) unlinkSync(path.join(folder, name));
  }

  return {
    info: (msg, fields) => write('info', msg, fields),
    warn: (msg, fields) => write('warn', msg, fields),
    error: (msg, fields) => write('error', msg, fields),
  };
}
