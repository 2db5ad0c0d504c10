import { UserError } from '../workspace.mjs';

const defaultPort = 6379;

/**
 * @param {string} text
 * @param {string} variable name used in the message.
 * @returns {import('./resp.mjs').RedisAddress}
 * @throws {UserError} without repeating the value: it may hold a password.
 */
export function parseRedisUrl(text, variable) {
  try {
    const url = new URL(text);
    if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') throw new Error('protocol');
    return {
      host: url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1',
      port: Number(url.port || defaultPort),
      tls: url.protocol === 'rediss:',
      username: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
    };
  } catch {
    throw new UserError(`${variable} must look like redis://host:6379 or rediss://user:password@host:6379/0`);
  }
}

/**
 * @param {import('./resp.mjs').RedisAddress} address
 * @returns {string} for people to read: never contains user or password.
 */
export function describe(address) {
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}
