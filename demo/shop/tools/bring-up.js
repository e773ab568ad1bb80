#!/usr/bin/env node
import { openShop } from './shop-folder.js';
import { bringUp } from './switch-release.js';

const [folder, service, revision] = process.argv.slice(2);
if (!revision) {
  console.error('usage: bring-up.js <shop folder> <service> <revision>');
  process.exit(2);
}
try {
  await bringUp(openShop(folder), service, revision);
} catch (error) {
  console.error(`start of ${service} failed: ${error.message}`);
  process.exit(1);
}
