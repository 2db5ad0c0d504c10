import { connect } from 'node:net';

const ANSWER_TIMEOUT_MS = 1_000;

/**
 * Asks a server on 127.0.0.1 by a connection of its own, without a client that would wait or retry.
 *
 * @param commands - Inline commands, each with its line end.
 * @param isComplete - Whether the reply so far is all of it.
 * @returns The raw reply.
 * @throws {Error} when it does not connect, or does not answer in a second.
 */
export function askRedis(
  port: number,
  commands: string,
  isComplete: (reply: string) => boolean,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = '';
    const socket = connect({ host: '127.0.0.1', port });
    socket.setEncoding('utf8').setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
    socket.once('connect', () => socket.write(commands));
    socket.on('data', (text: string) => {
      reply += text;
      if (!isComplete(reply)) return;
      socket.destroy();
      resolve(reply);
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('connection closed')));
  });
}
