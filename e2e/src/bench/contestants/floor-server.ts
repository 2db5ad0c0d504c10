import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The floor: one process, a text is posted, one prepared frame is written to everybody. No rooms, no Redis, no log-in, nothing
 * kept. What any system on Node.js costs that writes a frame to each member, and lets in whoever says anything.
 */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const members = new Set<Socket>();

/** A text frame without a mask, RFC 6455 section 5.2; up to 65,535 bytes. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = payload.length < 126 ? Buffer.from([0x81, payload.length]) : Buffer.from([0x81, 126, 0, 0]);
  if (payload.length >= 126) header.writeUInt16BE(payload.length, 2);
  return Buffer.concat([header, payload]);
}

const joined = frame('joined');
const http = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { msg } = JSON.parse(Buffer.concat(chunks).toString()) as { msg: string };
    const bytes = frame(
      JSON.stringify({ msg, roomId: 1, fromUserId: 1, fromUserName: 'member', sentAt: Date.now() }),
    );
    for (const member of members) member.write(bytes);
    response.writeHead(201, { 'content-length': 2 });
    response.end('{}');
  });
});
http.on('upgrade', (request, socket: Socket) => {
  const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}${GUID}`).digest('base64');
  socket.setNoDelay(true);
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  socket.on('data', () => {
    if (members.has(socket)) return;
    members.add(socket);
    socket.write(joined);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => members.delete(socket));
});
http.keepAliveTimeout = 60_000;
http.listen(0, '127.0.0.1', () => {
  const address = http.address();
  process.send?.(typeof address === 'object' ? address?.port : 0);
});
process.on('disconnect', () => process.exit(0));
