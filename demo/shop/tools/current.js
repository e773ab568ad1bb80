#!/usr/bin/env node
import { openShop, readState } from './shop-folder.js';

const [folder, service] = process.argv.slice(2);
if (!service) {
  console.error('usage: current.js <shop folder> <service>');
  process.exit(2);
}
const revision = readState(openShop(folder), service)?.revision;
if (!revision) {
  console.error(`${service} was never deployed in ${folder}: deploy it first.`);
  process.exit(1);
}
console.log(revision);
