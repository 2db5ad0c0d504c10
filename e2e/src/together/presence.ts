import { eventually } from '@parley/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Stack } from '../stack.js';
import { announced, exactly, World } from '../world.js';

/** What the product promises: counts are right this long after a gateway was killed. */
const HEALED_WITHIN_MS = 10_000;

export const presence = (running: () => Stack) =>
  describe('presence', () => {
    let world: World;
    // The timings are those of production: the promise is about them.
    beforeAll(async () => void (world = await World.on(running())));

    // gochat keyed connections by user: closing an old tab removed the new one.
    it('counts and lists a user of several tabs, gateways and transports once, until the last one closes', async () => {
      const roomId = await world.room('tabs');
      const witness = await world.member(1, roomId, 'ws0');
      const tabs = [];
      for (const at of ['ws0', 'ws1', 'tcp0', 'tcp1', 'ws1'])
        tabs.push([Number(at.at(-1)), await world.member(0, roomId, at)] as const);
      expect(await world.overHttp(roomId)).toEqual(exactly(0, 1));
      await eventually(() => expect(announced(witness, roomId)).toEqual(exactly(0, 1)));
      const seen = witness.frames.length;
      for (const [gateway, tab] of tabs.slice(0, -1)) {
        const before = await world.connections(gateway);
        tab.close();
        await eventually(async () => expect(await world.connections(gateway)).toBe(before - 1));
        expect(await world.overHttp(roomId)).toEqual(exactly(0, 1));
      }
      const newest = tabs.at(-1)?.[1];
      newest?.send({ op: 3, roomId, msg: 'still here' });
      await newest?.waitForText('still here');
      for (const frame of witness.frames.slice(seen).filter(({ op }) => op === 4 || op === 5))
        expect(frame).toMatchObject({ count: 2 });
      newest?.close();
      await eventually(() => expect(announced(witness, roomId)).toEqual(exactly(1)));
      expect(await world.overHttp(roomId)).toEqual(exactly(1));
      witness.close();
      await eventually(async () => expect(await world.overHttp(roomId)).toEqual(exactly()));
    });

    it('announces a room that changes all the time once a second, and the last state in the end', async () => {
      const roomId = await world.room('restless');
      const witnesses = await Promise.all([world.member(0, roomId, 'ws0'), world.member(0, roomId, 'tcp1')]);
      const restless = await Promise.all([world.open('ws', 0), world.open('tcp', 1), world.open('ws', 1)]);
      const before = witnesses.map(({ frames }) => frames.length);
      const startedAt = Date.now();
      while (Date.now() - startedAt < 3_000) {
        await Promise.all(restless.map((client, i) => world.join(client, i + 1, roomId)));
        const left = restless.map((client) => client.ofOp(26).length);
        for (const client of restless) client.send({ op: 26, roomId });
        await eventually(() =>
          restless.forEach((client, i) => expect(client.ofOp(26).length).toBe((left[i] ?? 0) + 1)),
        );
      }
      await Promise.all(restless.slice(0, 2).map((client, i) => world.join(client, i + 1, roomId)));
      for (const witness of witnesses)
        await eventually(() => expect(announced(witness, roomId)).toEqual(exactly(0, 1, 2)));
      const seconds = (Date.now() - startedAt) / 1_000;
      for (const [i, witness] of witnesses.entries()) {
        const frames = witness.frames.slice(before[i]).filter(({ op }) => op === 4 || op === 5);
        expect(frames.length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
      }
      for (const client of [...witnesses, ...restless]) client.close();
    });

    it('is right within ten seconds after a gateway is killed: at every member, and over HTTP', async () => {
      const roomId = await world.room('killed');
      const desertedId = await world.room('deserted');
      const [onBoth, elsewhere] = [
        await world.member(0, roomId, 'ws0'),
        await world.member(3, roomId, 'tcp0'),
      ];
      await world.member(0, roomId, 'tcp1');
      await world.member(1, roomId, 'ws1');
      await world.member(2, roomId, 'tcp1');
      await world.member(1, desertedId, 'tcp1');
      for (const client of [onBoth, elsewhere])
        await eventually(() => expect(announced(client, roomId)).toEqual(exactly(0, 1, 2, 3)));
      expect(await world.overHttp(desertedId)).toEqual(exactly(1));
      await world.stack.gateway(1).process.kill9();
      // Nobody looks at the room over HTTP meanwhile: who does cleans up, and the members would owe it to him.
      await Promise.all([
        ...[onBoth, elsewhere].map((client) =>
          eventually(() => expect(announced(client, roomId)).toEqual(exactly(0, 3)), {
            timeoutMs: HEALED_WITHIN_MS,
          }),
        ),
        eventually(async () => expect(await world.overHttp(desertedId)).toEqual(exactly()), {
          timeoutMs: HEALED_WITHIN_MS,
        }),
      ]);
      expect(await world.overHttp(roomId)).toEqual(exactly(0, 3));
      const rooms = await world.stack.api(world.tokens[0]).rooms();
      expect(rooms.find((room) => room.roomId === roomId)?.online).toBe(2);
      await world.stack.spawn('connect-gateway');
      onBoth.close();
      elsewhere.close();
    });

    it('is right within ten seconds after both gateways were killed and are back', async () => {
      const roomId = await world.room('all killed');
      for (const [user, at] of ['ws0', 'tcp1', 'ws1', 'tcp0'].entries()) await world.member(user, roomId, at);
      await eventually(async () => expect(await world.overHttp(roomId)).toEqual(exactly(0, 1, 2, 3)));
      // Started before: how long a process takes to start is not what was promised.
      const killed = world.stack.of('connect-gateway');
      await Promise.all([world.stack.spawn('connect-gateway'), world.stack.spawn('connect-gateway')]);
      await Promise.all(killed.map(({ process }) => process.kill9()));
      const killedAt = Date.now();
      const back = await Promise.all([world.member(1, roomId, 'ws0'), world.member(2, roomId, 'tcp1')]);
      for (const client of back)
        await eventually(() => expect(announced(client, roomId)).toEqual(exactly(1, 2)), {
          timeoutMs: killedAt + HEALED_WITHIN_MS - Date.now(),
        });
      expect(await world.overHttp(roomId)).toEqual(exactly(1, 2));
      for (const client of back) client.close();
      await eventually(async () => expect(await world.overHttp(roomId)).toEqual(exactly()));
    });
  });
