#!/usr/bin/env node
import { openShop } from './shop-folder.js';
import { deploy } from './switch-release.js';

const [folder, service, revision] = process.argv.slice(2);
if (!revision) {
  console.error('usage: deploy.js <shop folder> <service> <revision>');
  process.exit(2);
}
try {
  const { DEPLOYED_BY, RESIDENT_ACTION_ID } = process.env;
  const by = DEPLOYED_BY ?? (RESIDENT_ACTION_ID ? 'resident' : 'ci');
  const result = await deploy(openShop(folder), service, revision, { by, actionId: RESIDENT_ACTION_ID });
  console.log(`${service} ${result.status}: ${result.sha} (before: ${result.previous ?? 'nothing'})`);
  process.exit(result.status === 'failed' ? 1 : 0);
} catch (error) {
  console.error(`deploy of ${service} failed: ${error.message}`);
  process.exit(1);
}
