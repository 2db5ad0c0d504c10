import { sessionSchema } from '@parley/protocol';
import { expect, it } from 'vitest';
import { readSession } from './stored-session.js';

const session = { token: 'a token', expiresAt: 12, user: { userId: 7, userName: 'ana', role: 'user' } };
const without = (field: keyof typeof session) => ({ ...session, [field]: undefined });

it.each([
  session,
  without('token'),
  without('expiresAt'),
  without('user'),
  { ...session, token: 1 },
  { ...session, expiresAt: '12' },
  { ...session, user: { ...session.user, userId: '7' } },
  { ...session, user: { ...session.user, userName: undefined } },
  { ...session, user: { ...session.user, role: 'admin' } },
  { ...session, user: { ...session.user, role: 'host' } },
  null,
  [],
  'text',
])('takes what the schema takes, and nothing else: %j', (value) => {
  const text = JSON.stringify(value);
  const expected = sessionSchema.safeParse(JSON.parse(text));
  expect(readSession(text)).toEqual(expected.success ? expected.data : undefined);
});

it.each([null, '', '{', 'undefined'])('is none where nothing of the kind is kept: %j', (text) =>
  expect(readSession(text)).toBeUndefined(),
);
