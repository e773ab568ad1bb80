/**
 * Runs inside the sandbox, as bytes that we put there: the same program in every replay. It plays the neighbours that cannot
 * be started, waits until the services are up, sends one request and tells in JSON lines on standard output what it saw. It
 * reads its plan from the file named on its command line, needs nothing but Node, and writes no file.
 *
 * Lines: {kind: listening | trouble | asked | ready | not-ready | answered | broken | silent, …}; read by driver-report.ts.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';

const plan = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const pollMs = 50;
const bodyLimit = 4_000;
const askedLimit = 200;
let asked = 0;

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Ends only when all that was said is written. */
function end(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`, () => process.exit(0));
}

function standIn({ service, port, answers }) {
  const server = http.createServer((request, response) => {
    request.resume();
    const path = request.url.split('?')[0];
    const fits = (answer) => answer.method === request.method;
    const answer =
      answers.find((one) => fits(one) && one.path === request.url) ??
      answers.find((one) => fits(one) && one.path.split('?')[0] === path);
    const status = answer?.status ?? 200;
    asked += 1;
    if (asked <= askedLimit) {
      say({ kind: 'asked', service, method: request.method, path: request.url.slice(0, 500), status });
    }
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(status === 204 || status === 304 ? undefined : '{}');
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '0.0.0.0', resolve);
  });
}

async function waitUntilReady(service) {
  const endsAt = performance.now() + service.readyTimeoutMs;
  let detail = 'nothing listened';
  while (performance.now() < endsAt) {
    try {
      await (service.readyPath === undefined ? connect(service.port) : askReady(service));
      return undefined;
    } catch (error) {
      detail = error.message;
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return `not ready on port ${service.port} after ${service.readyTimeoutMs} ms: ${detail}`;
}

function connect(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    socket.setTimeout(1_000, () => socket.destroy(new Error('it did not accept a connection')));
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}

function askReady({ port, readyPath }) {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path: readyPath, agent: false, timeout: 1_000 };
    const request = http.get(options, (response) => {
      response.resume();
      if (response.statusCode < 500) resolve();
      else reject(new Error(`${readyPath} answered ${response.statusCode}`));
    });
    request.once('timeout', () => request.destroy(new Error(`${readyPath} did not answer`)));
    request.once('error', reject);
  });
}

function send({ port, method, path }, timeoutMs) {
  const startedAt = performance.now();
  const elapsed = () => Math.round((performance.now() - startedAt) * 10) / 10;
  return new Promise((resolve) => {
    const headers = { accept: '*/*', 'user-agent': 'resident-replay', connection: 'close' };
    const request = http.request({ host: '127.0.0.1', port, method, path, headers, agent: false });
    const timer = setTimeout(() => {
      resolve({ kind: 'silent', durationMs: elapsed(), detail: `waited ${timeoutMs} ms` });
    }, timeoutMs);
    const finish = (line) => {
      clearTimeout(timer);
      resolve(line);
    };
    request.once('error', (error) => {
      finish({ kind: 'broken', durationMs: elapsed(), detail: String(error.code ?? error.message).slice(0, 200) });
    });
    request.once('response', (response) => {
      let body = '';
      const tell = () => {
        const contentType = String(response.headers['content-type'] ?? '').slice(0, 200);
        finish({ kind: 'answered', status: response.statusCode, durationMs: elapsed(), contentType, body });
      };
      response.setEncoding('utf8');
      response.on('data', (text) => {
        body = (body + text).slice(0, bodyLimit);
        // More of it tells nothing new, and an answer without end must not hold us.
        if (body.length === bodyLimit) tell();
      });
      response.once('end', tell);
      response.once('error', (error) => {
        finish({ kind: 'broken', durationMs: elapsed(), detail: String(error.code ?? error.message).slice(0, 200) });
      });
    });
    request.end();
  });
}

try {
  await Promise.all(plan.standIns.map(standIn));
} catch (error) {
  end({ kind: 'trouble', detail: String(error.message).slice(0, 200) });
  await new Promise(() => {});
}
say({ kind: 'listening' });
const waits = plan.services.map(async (service) => {
  const fault = await waitUntilReady(service);
  say(
    fault === undefined
      ? { kind: 'ready', service: service.service }
      : { kind: 'not-ready', service: service.service, detail: fault.slice(0, 300) },
  );
  return fault;
});
const faults = (await Promise.all(waits)).filter((fault) => fault !== undefined);
if (faults.length > 0) process.stdout.write('', () => process.exit(0));
else end(await send(plan.request, plan.answerTimeoutMs));
