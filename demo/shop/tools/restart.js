#!/usr/bin/env node
import { openShop } from './shop-folder.js';
import { restart } from './switch-release.js';

const [folder, service] = process.argv.slice(2);
if (!service) {
  console.error('usage: restart.js <shop folder> <service>');
  process.exit(2);
}
try {
  const revision = await restart(openShop(folder), service, { actionId: process.env.RESIDENT_ACTION_ID });
  console.log(`${service} restarted at ${revision}`);
} catch (error) {
  console.error(`restart of ${service} failed: ${error.message}`);
  process.exit(1);
}
