/**
 * Whether the app of this container is ready: exit code 0 or 1, within 3 s. By Node.js alone, since an image has no curl.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

/** Variable and usual port of where each app tells its health. */
const ports = {
  '@parley/gateway-api': ['PARLEY_API_PORT', 7070],
  '@parley/connect-gateway': ['PARLEY_WS_PORT', 7000],
  '@parley/web': ['PARLEY_WEB_PORT', 8080],
};
const { name } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));
const [variable, usual] = ports[name] ?? ['PARLEY_ADMIN_PORT', 9000];
const { [variable]: port = usual, PARLEY_HOST: host = '' } = process.env;
const request = {
  host: ['', '0.0.0.0', '::'].includes(host) ? '127.0.0.1' : host,
  port: /^\d+$/.test(port) ? port : usual,
  path: '/health/ready',
  timeout: 3000,
  // Of a certificate only the name would be in question, and this is the machine itself.
  rejectUnauthorized: false,
};

/** @param {typeof http | typeof https} protocol @returns {Promise<number | undefined>} undefined when it is not spoken there. */
const ask = (protocol) =>
  new Promise((resolve) => {
    protocol
      .get(request, (response) => resolve(response.statusCode))
      .on('timeout', () => process.exit(1))
      .on('error', () => resolve(undefined));
  });

process.exit(((await ask(http)) ?? (await ask(https))) === 200 ? 0 : 1);
