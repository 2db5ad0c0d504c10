import { eventually } from '@parley/testing';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer, Server, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LinkDialer } from './link-dialer.js';
import type { LinkFolder } from './link-folder.js';
import { LinkListener } from './link-listener.js';
import { GOODBYE, Link } from './link.js';
import { linkFolder } from './links.fixture.js';

/** A caller and a callee who link up; the callee answers with what it was asked. */
async function world(folder: LinkFolder = linkFolder()) {
  const asked: string[] = [];
  const answers: string[] = [];
  const listener = await LinkListener.listen(folder, 'callee', (packet, link) => {
    asked.push(packet);
    link.send(packet);
  });
  const goodbyes: Link[] = [];
  const dialer = new LinkDialer(folder, {
    onPacket: (packet) => answers.push(packet),
    onGoodbye: (link) => goodbyes.push(link),
  });
  onTestFinished(() => {
    dialer.close();
    listener.close();
  });
  const linked = () =>
    eventually(() => {
      const link = dialer.to('callee');
      if (!link) throw new Error('not linked');
      return link;
    });
  return { folder, listener, dialer, linked, asked, answers, goodbyes };
}

/** A callee's side of a link, and the bare socket of who is linked with it. */
async function bare() {
  const folder = linkFolder();
  const packets: string[] = [];
  const ended: Link[] = [];
  const path = folder.pathOf('callee');
  const server = createServer().listen(path);
  const connection = once(server, 'connection') as Promise<[Socket]>;
  const caller = connect(path);
  const [socket] = await connection;
  const link = new Link(socket, {
    onPacket: (packet) => packets.push(packet),
    onGoodbye: () => undefined,
    onEnd: (it) => ended.push(it),
  });
  onTestFinished(() => {
    caller.destroy();
    socket.destroy();
    server.close();
  });
  return { caller, link, packets, ended };
}

describe('a caller and a callee of one machine', () => {
  it('link up when the caller first has something to ask; until then there is no link', async () => {
    const { dialer, linked } = await world();
    expect(dialer.to('callee')).toBeUndefined();
    const link = await linked();
    expect(dialer.to('callee')).toBe(link);
  });

  it('do not where nobody listens, and another callee is not in the way', async () => {
    const { dialer, linked } = await world();
    await linked();
    dialer.to('nobody');
    await eventually(() => expect(dialer.to('callee')).toBeDefined());
    expect(dialer.to('nobody')).toBeUndefined();
  });

  it('have each packet whole and in order, both ways', async () => {
    const { linked, asked, answers } = await world();
    const link = await linked();
    const packets = ['{"a":1}', '"ж👍\\n"', 'x'.repeat(3_000_000), '{"z":0}'];
    expect(link.send(packets.slice(0, 2).join('\n'))).toBe(1);
    for (const packet of packets.slice(2)) link.send(packet);
    await eventually(() => expect(answers.length).toBe(packets.length));
    expect(answers).toEqual(packets);
    expect(asked).toEqual(packets);
  });

  it('part when the callee leaves: it is asked nothing more, and what it has in hand is still answered', async () => {
    const { listener, linked, dialer, goodbyes, answers } = await world();
    const link = await linked();
    listener.leave();
    link.send('crossed');
    await eventually(() => expect(goodbyes).toEqual([link]));
    expect(dialer.to('callee')).toBeUndefined();
    expect(listener.isAsked).toBe(true);
    link.send(GOODBYE);
    await eventually(() => expect(listener.isAsked).toBe(false));
    expect(answers).toEqual(['crossed']);
    listener.finish();
    await eventually(() => expect(listener.isLinked).toBe(false));
    expect(link.send('late')).toBe(0);
  });

  it('do not keep a callee that nobody is linked with', async () => {
    const { listener } = await world();
    listener.leave();
    expect([listener.isAsked, listener.isLinked]).toEqual([false, false]);
  });

  it('tell each call that is left unanswered, once', async () => {
    const { linked, listener, dialer } = await world();
    const link = await linked();
    const told: string[] = [];
    for (const id of ['a', 'b']) link.unanswered.set(id, ({ message }) => told.push(`${id}: ${message}`));
    listener.close();
    await eventually(() => expect(told).toEqual(['a: the link ended', 'b: the link ended']));
    expect(dialer.to('callee')).toBeUndefined();
  });

  // The second error of a server without a listener would have ended the process.
  it('go on when somebody cannot be let in, however often', async () => {
    const servers: Server[] = [];
    const listen = vi.spyOn(Server.prototype, 'listen').mockImplementation(function (this: Server, ...args) {
      servers.push(this);
      listen.mockRestore();
      return this.listen(...(args as [string, () => void]));
    });
    const { linked } = await world();
    for (let n = 0; n < 3; n++) servers[0]?.emit('error', new Error('accept EMFILE'));
    expect(servers).toHaveLength(1);
    await linked();
  });

  it('leave no socket behind', async () => {
    const { folder, listener, linked } = await world();
    await linked();
    listener.close();
    await eventually(() => expect(existsSync(folder.pathOf('callee'))).toBe(false));
  });

  it('are not two callees: the second one to listen is refused', async () => {
    const { folder, linked } = await world();
    await expect(LinkListener.listen(folder, 'callee', () => undefined)).rejects.toThrow('EADDRINUSE');
    await linked();
  });
});

describe('a link', () => {
  it('takes text as it comes, in pieces of any size', async () => {
    const { caller, packets } = await bare();
    caller.setNoDelay(true);
    for (const byte of Buffer.from('{"a":"👍"}\n{"b":2}\n')) {
      caller.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => expect(packets).toEqual(['{"a":"👍"}', '{"b":2}']));
  });

  it('ends with who sends a packet without an end', async () => {
    const { caller, packets, ended } = await bare();
    caller.on('error', () => undefined);
    const piece = 'x'.repeat(1024 * 1024);
    for (let n = 0; n < 9; n++) caller.write(piece);
    await eventually(() => expect(ended).toHaveLength(1));
    expect(packets).toEqual([]);
  });

  it('ends with who does not read, and keeps no more for him than its bound', async () => {
    const { caller, link, ended } = await bare();
    caller.pause();
    const piece = 'x'.repeat(1024 * 1024);
    let sent = 0;
    while (link.send(piece) === 1 && sent < 100) sent++;
    expect(sent).toBeGreaterThan(30);
    expect(sent).toBeLessThan(40);
    await eventually(() => expect(ended).toEqual([link]));
    expect(link.isOpen).toBe(false);
  });
});
