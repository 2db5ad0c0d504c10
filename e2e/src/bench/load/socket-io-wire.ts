import { indexIn, post, type Wire } from './wire.js';

/**
 * Engine.IO 4 and Socket.IO 5 as text frames: `0` open, `2` ping, `40` connect, `42` event, `43` answer to an event.
 * https://socket.io/docs/v4/engine-io-protocol/, https://socket.io/docs/v4/socket-io-protocol/
 */
export const socketIoWire: Wire = {
  path: '/socket.io/?EIO=4&transport=websocket',
  hello: '40',
  join: (_token, roomId) => `420["join",${roomId}]`,
  pong: '3',
  read(bytes, start, end, into) {
    const index = indexIn(bytes, start, end);
    into.seq = 0;
    into.index = index;
    if (index >= 0) into.kind = 'message';
    else if (bytes[start] === 0x32) into.kind = 'ping';
    else if (bytes[start] !== 0x34) into.kind = 'other';
    else into.kind = bytes[start + 1] === 0x30 ? 'welcome' : bytes[start + 1] === 0x33 ? 'joined' : 'other';
  },
  request: (host, _token, roomId, _index, msg) =>
    post(host, `/rooms/${roomId}/messages`, {}, JSON.stringify({ msg })),
};
