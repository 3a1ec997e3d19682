// What a test needs of Carillon: a server, and an AWS account of its own on it. It is plain Node.js, for node:test, Jest and
// Vitest alike. The program is carillon on the PATH, or what CARILLON_BIN names.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ChimeClient } from '@aws-sdk/client-chime';

const program = process.env.CARILLON_BIN ?? 'carillon';
const secretAccessKey = 'known-to-everybody-0000';
const env = { ...process.env, CARILLON_ROOT_ACCESS_KEY_ID: 'AKIACARILLONNODE0000', CARILLON_ROOT_SECRET_ACCESS_KEY: secretAccessKey };
let accounts = 0;

// start starts a server. What it holds is gone once stop has been called.
export async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-'));
  const data = join(folder, 'data');
  const note = join(data, 'server.json');
  const flags = ['--ephemeral', '--seed', '1', '--data', data, '--listen', '127.0.0.1:0', '--log-level', 'error'];
  const server = spawn(program, ['serve', ...flags], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => server.once('exit', resolve));
  while (!existsSync(note)) {
    if (server.exitCode !== null) throw new Error('carillon did not start');
    await setTimeout(10);
  }
  const endpoint = JSON.parse(readFileSync(note)).url;

  async function stop() {
    server.kill();
    await ended;
    rmSync(folder, { recursive: true });
  }

  // call calls what Carillon adds to the API, as the root of the installation: call('AdvanceClock', { Seconds: 60 }).
  function call(operation, members) {
    const words = Object.entries(members).map(([name, value]) => `${name}=${value}`);
    return JSON.parse(execFileSync(program, ['call', operation, '--data', data, ...words], { env }));
  }

  // account returns an AWS account that is empty, and a client of it that does not try again by itself.
  function account() {
    const awsAccountId = String(++accounts).padStart(12, '0'); // it is its root's access key, too
    const credentials = { accessKeyId: awsAccountId, secretAccessKey };
    return { awsAccountId, client: new ChimeClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 }) };
  }

  return { endpoint, account, call, stop };
}
