import net from 'node:net';
import tls from 'node:tls';

/**
 * @typedef {object} RedisAddress
 * @property {string} host
 * @property {number} port
 * @property {boolean} [tls]
 * @property {string} [ca] authorities that its certificate has to be from, PEM; else the system's.
 * @property {string} [username]
 * @property {string} [password]
 */

/** @typedef {string | number | null | RespError | RespArray} Reply */
/** @typedef {Reply[]} RespArray */

/** An error reply of the server, e.g. `NOAUTH Authentication required.` */
export class RespError {
  /** @param {string} message */
  constructor(message) {
    this.message = message;
  }
}

/**
 * Sends commands to a Redis and returns its replies. Speaks the protocol itself, so that it works
 * before anything is installed and tells a Redis from anything else that listens there.
 *
 * @param {RedisAddress} address
 * @param {string[][]} commands
 * @param {number} [timeoutMs]
 * @returns {Promise<Reply[]>}
 * @throws {Error} `ECONNREFUSED`, `timeout`, `not a Redis`, ... as the message; never a password.
 */
export function ask(address, commands, timeoutMs = 1000) {
  const { host, port, username, password } = address;
  const login = password ? [['AUTH', ...(username ? [username] : []), password]] : [];
  const all = [...login, ...commands];
  return new Promise((resolve, reject) => {
    const socket = address.tls
      ? tls.connect({ host, port, ca: address.ca, servername: net.isIP(host) ? '' : host })
      : net.connect({ host, port });
    /** @param {string} reason */
    const fail = (reason) => {
      socket.destroy();
      reject(new Error(reason));
    };
    let received = Buffer.alloc(0);
    const timer = setTimeout(() => fail('timeout'), timeoutMs);
    socket.on('error', (error) => {
      clearTimeout(timer);
      fail(/** @type {NodeJS.ErrnoException} */ (error).code ?? error.message);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      reject(new Error('connection closed'));
    });
    socket.on(address.tls ? 'secureConnect' : 'connect', () => socket.write(all.map(encode).join('')));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      try {
        const replies = decode(received, all.length);
        if (!replies) return;
        clearTimeout(timer);
        socket.destroy();
        const refused = login.length > 0 ? replies[0] : undefined;
        if (refused instanceof RespError)
          return reject(new Error(`login refused: ${refused.message.split(' ')[0]}`));
        resolve(replies.slice(login.length));
      } catch {
        fail('not a Redis');
      }
    });
  });
}

/** @param {string[]} command */
function encode(command) {
  return `*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`;
}

/**
 * @param {Buffer} buffer
 * @param {number} count
 * @returns {Reply[] | undefined} undefined while replies are incomplete.
 * @throws {Error} when the bytes are not RESP.
 */
export function decode(buffer, count) {
  let at = 0;
  const incomplete = Symbol('incomplete');
  /** @returns {Reply | typeof incomplete} */
  const next = () => {
    const end = buffer.indexOf('\r\n', at);
    if (end === -1) {
      if (at < buffer.length && !'+-:$*'.includes(String.fromCharCode(buffer[at] ?? 0)))
        throw new Error('not RESP');
      return incomplete;
    }
    const type = String.fromCharCode(buffer[at] ?? 0);
    const text = buffer.toString('utf8', at + 1, end);
    at = end + 2;
    if (type === '+') return text;
    if (type === '-') return new RespError(text);
    if (!/^-?\d+$/.test(text)) throw new Error('not RESP');
    const number = Number(text);
    if (type === ':') return number;
    if (type === '$') {
      if (number < 0) return null;
      if (buffer.length < at + number + 2) return incomplete;
      const value = buffer.toString('utf8', at, at + number);
      at += number + 2;
      return value;
    }
    if (type !== '*') throw new Error('not RESP');
    if (number < 0) return null;
    /** @type {Reply[]} */
    const items = [];
    for (let i = 0; i < number; i++) {
      const item = next();
      if (item === incomplete) return incomplete;
      items.push(/** @type {Reply} */ (item));
    }
    return items;
  };
  /** @type {Reply[]} */
  const replies = [];
  while (replies.length < count) {
    const reply = next();
    if (reply === incomplete) return undefined;
    replies.push(/** @type {Reply} */ (reply));
  }
  return replies;
}

/**
 * @typedef {object} ServerFacts
 * @property {string} version of the Redis interface, e.g. `7.0.15`; empty when it is hidden.
 * @property {number | undefined} pid
 * @property {string} dir folder of its AOF; empty when the server hides it.
 */

/**
 * Asks a server who it is, which is a PING that also tells what is needed to decide whether to use it.
 *
 * @param {RedisAddress} address
 * @param {number} [timeoutMs]
 * @returns {Promise<ServerFacts>}
 * @throws {Error} like {@link ask}; also with the first word of an error reply, e.g. `NOAUTH`, `LOADING`.
 */
export async function inspect(address, timeoutMs) {
  const [pong, info, config] = await ask(
    address,
    [['PING'], ['INFO', 'server'], ['CONFIG', 'GET', 'dir']],
    timeoutMs,
  );
  if (pong instanceof RespError) throw new Error(pong.message.split(' ')[0]);
  const text = typeof info === 'string' ? info : '';
  const pid = /^process_id:(\d+)/m.exec(text)?.[1];
  return {
    version: /^redis_version:([\d.]+)/m.exec(text)?.[1] ?? '',
    pid: pid === undefined ? undefined : Number(pid),
    dir: Array.isArray(config) && typeof config[1] === 'string' ? config[1] : '',
  };
}
