import type { Send } from '@parley/contracts';
import { expect, it } from 'vitest';
import { ConversationOrder } from './conversation-order.js';

it('remembers 10,000 conversations, the ones used last', async () => {
  const order = new ConversationOrder();
  const from = { userId: 1, userName: 'ann' };
  const keyOf = async (toUserId: number) => {
    let used = '';
    await order.run({ from, toUserId, text: '', clientMsgId: 'c' } as Send, (key) => {
      used = key;
      return Promise.resolve({ roomId: 100_000 + toUserId });
    });
    return used;
  };
  for (let user = 2; user < 10_002; user++) expect(await keyOf(user)).toBe(`direct:1:${user}`);
  expect(await keyOf(2)).toBe('100002');
  expect(await keyOf(10_002)).toBe('direct:1:10002');
  expect(await keyOf(2)).toBe('100002');
  expect(await keyOf(3)).toBe('direct:1:3');
});
