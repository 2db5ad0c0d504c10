import { indexIn, post, type Wire } from './wire.js';

/** The least there can be: who connects is in the one room, and gets every text in a frame of its own. */
export const floorWire: Wire = {
  path: '/',
  join: () => '{}',
  pong: '',
  read(bytes, start, end, into) {
    const index = indexIn(bytes, start, end);
    into.seq = 0;
    into.index = index;
    into.kind = index >= 0 ? 'message' : 'joined';
  },
  request: (host, _token, _roomId, _index, msg) => post(host, '/', {}, JSON.stringify({ msg })),
};
