import { eventually } from '@parley/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { RawTcp, RawWs, type RawClient } from '../raw-clients.js';
import type { Stack } from '../stack.js';

export const delivery = (running: () => Stack) =>
  describe('delivery', () => {
    let stack: Stack;
    let tokens: string[];

    beforeAll(async () => {
      stack = running();
      tokens = await Promise.all(['demo', 'demo1', 'demo2', 'demo3'].map((name) => stack.login(name)));
    });

    const room = async (name: string) => (await stack.api(tokens[0]).createRoom(name)).roomId;
    async function join(client: RawClient, user: number, roomId: number, resume: object = {}) {
      client.send({ op: 20, authToken: tokens[user], roomId, ...resume });
      return client.waitFor(({ op, roomId: id }) => op === 21 && id === roomId);
    }
    const ws = (gateway: number) => RawWs.connect(stack.gateway(gateway).wsUrl);
    const tcp = (gateway: number) => RawTcp.connect(stack.gateway(gateway).tcpPort);
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

    it('shows every member the same messages in one order, over both transports and both gateways', async () => {
      const roomId = await room('order');
      const clients = await Promise.all([ws(0), ws(1), tcp(0), tcp(1)]);
      await Promise.all(clients.map((client, user) => join(client, user, roomId)));
      clients.forEach((client, user) => {
        for (const i of range(1, 25)) client.send({ op: 3, roomId, msg: `${user}-${i}` });
      });
      for (const client of clients) await eventually(() => expect(client.seqs()).toEqual(range(1, 100)));
      for (const client of clients) expect(client.texts()).toEqual(clients[0]?.texts());
      // Each sender's own messages are in the order in which it sent them.
      for (const user of range(0, 3)) {
        const own = clients[0]?.texts().filter((text) => String(text).startsWith(`${user}-`));
        expect(own).toEqual(range(1, 25).map((i) => `${user}-${i}`));
      }
      clients.forEach((client) => client.close());
    });

    it('appends a repeated send once and repeats the first ack, whatever edge it comes through', async () => {
      const roomId = await room('once');
      const client = await ws(0);
      await join(client, 0, roomId);
      const clientMsgId = `same-${Date.now()}`;
      client.send({ op: 3, roomId, msg: 'once', clientMsgId, ref: 'a' });
      const first = await client.waitFor(({ op, ref }) => op === 22 && ref === 'a');
      client.send({ op: 3, roomId, msg: 'once', clientMsgId, ref: 'b' });
      expect(await client.waitFor(({ op, ref }) => op === 22 && ref === 'b')).toEqual({
        ...first,
        ref: 'b',
        duplicate: true,
      });
      const overHttp = await stack.api(tokens[0]).send(roomId, 'once', { idempotencyKey: clientMsgId });
      expect(overHttp).toMatchObject({ seq: first['seq'], duplicate: true });
      client.send({ op: 3, roomId, msg: 'another text', clientMsgId, ref: 'c' });
      expect(await client.waitFor(({ ref }) => ref === 'c')).toMatchObject({
        op: 23,
        code: 'IDEMPOTENCY_MISMATCH',
      });
      client.send({ op: 3, roomId, msg: 'the end' });
      await client.waitForText('the end');
      expect(client.texts()).toEqual(['once', 'the end']);
      client.close();
    });

    it('gives a member that rejoins with lastSeq on another gateway exactly what it missed, then goes on live', async () => {
      const roomId = await room('resume');
      const sender = await ws(0);
      await join(sender, 0, roomId);
      const reader = await ws(0);
      await join(reader, 1, roomId);
      sender.send({ op: 3, roomId, msg: 'before' });
      const { seq, epoch } = await reader.waitForText('before');
      reader.close();
      for (const i of range(1, 20)) sender.send({ op: 3, roomId, msg: `missed ${i}` });
      await sender.waitForText('missed 20');

      for (const again of [await ws(1), await tcp(1)]) {
        const joined = await join(again, 1, roomId, { lastSeq: seq, epoch });
        expect(joined).toMatchObject({ resumed: true, seq });
        await again.waitForText('missed 20');
        expect(again.seqs()).toEqual(range(2, 21));
        again.close();
      }
      const later = await tcp(0);
      await join(later, 2, roomId, { lastSeq: 21, epoch });
      sender.send({ op: 3, roomId, msg: 'live again' });
      await later.waitForText('live again');
      expect(later.seqs()).toEqual([22]);
      later.close();
      sender.close();
    });

    it('collapses a gap that is too long into one resync, and pages it by history', async () => {
      const roomId = await room('resync');
      const sender = await ws(0);
      await join(sender, 0, roomId);
      const { epoch } = await sender.waitFor(({ op }) => op === 21);
      // More users, because each may send only so many at once.
      const others = await Promise.all([ws(0), ws(1), tcp(0)]);
      await Promise.all(others.map((client, i) => join(client, i + 1, roomId)));
      const all = [sender, ...others];
      for (let sent = 0; sent < 600; sent++) {
        const client = all[sent % 4] as RawClient;
        if (sent % 40 === 0)
          await eventually(() =>
            expect(client.ofOp(22).length + client.ofOp(23).length).toBeGreaterThanOrEqual(
              Math.floor(sent / 4),
            ),
          );
        client.send({ op: 3, roomId, msg: `n${sent}`, clientMsgId: `n${sent}` });
      }
      // Refused by the rate limit: sent again until taken.
      await eventually(
        () => {
          for (const client of all) {
            for (const refused of client.ofOp(23).splice(0)) {
              client.frames.splice(client.frames.indexOf(refused), 1);
              client.send({
                op: 3,
                roomId,
                msg: refused['clientMsgId'],
                clientMsgId: refused['clientMsgId'],
              });
            }
          }
          // All of them: each gateway has its own position, and the late one asks the other gateway.
          for (const client of all) expect(client.seqs()).toHaveLength(600);
        },
        { timeoutMs: 40_000, intervalMs: 500 },
      );
      const late = await ws(1);
      await join(late, 3, roomId, { lastSeq: 1, epoch });
      expect(await late.waitFor(({ op }) => op === 24)).toMatchObject({
        roomId,
        from: 2,
        to: 600,
        reason: 'slow',
      });
      const paged: unknown[] = [];
      for (let after = 1; after < 600;) {
        late.send({ op: 27, roomId, after, limit: 200, ref: after });
        const page = await late.waitFor(({ op, ref }) => op === 27 && ref === after);
        const seqs = (page['messages'] as { seq: number }[]).map(({ seq }) => seq);
        paged.push(...seqs);
        after = seqs.at(-1) ?? 600;
      }
      expect(paged).toEqual(range(2, 600));
      for (const client of [...all, late]) client.close();
    });

    it('sends a direct message to every connection of both users and to nobody else, and keeps its history', async () => {
      const roomId = await room('direct');
      const [alice, alice2, bob, carol] = await Promise.all([ws(0), tcp(1), ws(1), ws(0)]);
      await Promise.all([
        join(alice, 0, roomId),
        join(alice2, 0, roomId),
        join(bob, 3, roomId),
        join(carol, 2, roomId),
      ]);
      alice.send({ op: 2, toUserId: 6, msg: 'psst', ref: 1 });
      for (const client of [alice, alice2, bob]) await client.waitForText('psst');
      bob.send({ op: 2, toUserId: 3, msg: 'what?' });
      for (const client of [alice, alice2, bob]) await client.waitForText('what?');
      // What would have come before the answer to this.
      carol.send({ op: 28, ref: 'so far' });
      await carol.waitFor(({ op, ref }) => op === 29 && ref === 'so far');
      expect(carol.ofOp(2)).toEqual([]);
      const ack = await alice.waitFor(({ op, ref }) => op === 22 && ref === 1);
      const page = await stack.api(tokens[3]).history(Number(ack['roomId']), {});
      expect(page.messages.map(({ msg }) => msg)).toEqual(['psst', 'what?']);
      await expect(stack.api(tokens[2]).history(Number(ack['roomId']), {})).rejects.toMatchObject({
        code: 'ROOM_NOT_FOUND',
      });
      for (const client of [alice, alice2, bob, carol]) client.close();
    });
  });
