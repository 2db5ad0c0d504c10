import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';

/** Socket.IO with its Redis adapter, doing the same job as far as it can: a text is posted, every member of the room gets it. */
const [redisUrl = ''] = process.argv.slice(2);
const publisher = new Redis(redisUrl);
const http = createServer((request, response) => {
  const [, , roomId] = (request.url ?? '').split('/');
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { msg } = JSON.parse(Buffer.concat(chunks).toString()) as { msg: string };
    const message = {
      msg,
      roomId: Number(roomId),
      fromUserId: 1,
      fromUserName: 'member',
      sentAt: Date.now(),
    };
    io.to(String(roomId)).emit('message', message);
    const answer = JSON.stringify({ sentAt: message.sentAt });
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
});
const io = new Server(http, {
  transports: ['websocket'],
  perMessageDeflate: false,
  adapter: createAdapter(publisher, publisher.duplicate()),
});
io.on('connection', (socket) => {
  socket.on('join', async (roomId: number, done: () => void) => {
    await socket.join(String(roomId));
    done();
  });
});
http.keepAliveTimeout = 60_000;
http.listen(0, '127.0.0.1', () => {
  const address = http.address();
  process.send?.(typeof address === 'object' ? address?.port : 0);
});
process.on('disconnect', () => process.exit(0));
