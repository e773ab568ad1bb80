import { startServer } from '../../src/setup/process.ts';
import { answersHttp } from '../../src/setup/probe.ts';

/** Run as a process of its own, so that a test can kill what starts a server: `server-program.ts <folder> <port> [hold]`. */
const [folder = '', port = ''] = process.argv.slice(2);
const source = `
  const child = require('child_process').spawn('sleep', ['600']);
  require('http').createServer((_, response) => response.end(String(child.pid))).listen(${port}, '127.0.0.1');
`;

const server = await startServer({
  title: 'the fake server',
  command: process.execPath,
  args: ['-e', source, folder],
  env: process.env,
  logFile: `${folder}/server.log`,
  pidFile: `${folder}/server.pid.json`,
  mark: folder,
  isReady: () => answersHttp(`http://127.0.0.1:${port}`),
});
console.log(JSON.stringify({ pid: server.pid }));
setInterval(() => undefined, 1_000);
