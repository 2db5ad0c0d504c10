import type { Send } from '@parley/contracts';
import type { DatabaseLife } from '@parley/redis';
import { expect, it, vi } from 'vitest';
import { stub } from '../testing/stub.js';
import type { DirectRoomsService } from './direct-rooms.service.js';
import { OwnDatabaseService } from './own-database.service.js';
import type { PublishService } from './publish.service.js';
import type { RoomAccessService } from './room-access.service.js';

const send = (text: string, databaseLife?: string): Send => ({
  from: { userId: 1, userName: 'ada', ...(databaseLife !== undefined && { databaseLife }) },
  roomId: 7,
  text,
  clientMsgId: text,
});

function setUp() {
  let change: (life: string) => void = () => undefined;
  const forgotten: string[] = [];
  const publishMany = vi.fn((sends: readonly Send[]) =>
    Promise.resolve(sends.map(({ text }) => ({ ok: true as const, ack: { clientMsgId: text } as never }))),
  );
  const own = new OwnDatabaseService(
    stub<DatabaseLife>('DatabaseLife', {
      current: 'ours',
      onChanged: (listener) => void (change = listener),
    }),
    stub<PublishService>('PublishService', { publishMany }),
    stub<RoomAccessService>('RoomAccessService', { forgetAll: () => void forgotten.push('access') }),
    stub<DirectRoomsService>('DirectRoomsService', { forgetAll: () => void forgotten.push('direct') }),
  );
  return { own, publishMany, forgotten, change: () => change('ours') };
}

// A send that had waited in an edge while the database was replaced was that of whoever has the number now.
it('refuses sends of users of another database, each result in its place; who names none is not judged', async () => {
  const { own, publishMany } = setUp();
  const results = await own.publishMany([send('a', 'ours'), send('b', 'other'), send('c')], { apart: true });
  expect(results).toMatchObject([
    { ok: true, ack: { clientMsgId: 'a' } },
    { ok: false, code: 'UNAUTHENTICATED' },
    { ok: true, ack: { clientMsgId: 'c' } },
  ]);
  expect(publishMany).toHaveBeenCalledWith([send('a', 'ours'), send('c')], { apart: true });
  await own.publishMany([send('d', 'other')]);
  expect(publishMany).toHaveBeenCalledTimes(1);
});

it('forgets who may be where when the database is another', () => {
  const { forgotten, change } = setUp();
  change();
  expect(forgotten).toEqual(['access', 'direct']);
});

it('judges nothing while it is not known which database Redis belongs to', () => {
  const { own } = setUp();
  expect(['ours', 'other', undefined].map((life) => own.isOurs(life))).toEqual([true, false, true]);
  const unknown = new OwnDatabaseService(
    stub<DatabaseLife>('DatabaseLife', { current: undefined, onChanged: () => undefined }),
    stub<PublishService>('PublishService', {}),
    stub<RoomAccessService>('RoomAccessService', {}),
    stub<DirectRoomsService>('DirectRoomsService', {}),
  );
  expect(unknown.isOurs('other')).toBe(true);
});
