import { describe, expect, it } from 'vitest';
import { RespError, decode } from '../lib/redis/resp.mjs';

const wire = Buffer.from(
  '+PONG\r\n-NOAUTH no\r\n:42\r\n$5\r\nh\r\néx\r\n$-1\r\n*2\r\n$3\r\ndir\r\n$0\r\n\r\n'.replace('$5', '$6'),
);
const replies = ['PONG', new RespError('NOAUTH no'), 42, 'h\r\néx', null, ['dir', '']];

describe('decode', () => {
  it('reads every kind of reply', () => {
    expect(decode(wire, 6)).toEqual(replies);
  });

  it('waits at every possible cut', () => {
    for (let end = 0; end < wire.length; end++) expect(decode(wire.subarray(0, end), 6)).toBeUndefined();
  });

  it.each(['HTTP/1.1 400 Bad Request\r\n', 'hello\r\n', '$x\r\n', 'SSH-2.0'])(
    'tells a Redis from %j',
    (text) => {
      expect(() => decode(Buffer.from(text), 1)).toThrow('not RESP');
    },
  );
});
