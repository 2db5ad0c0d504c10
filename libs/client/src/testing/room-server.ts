import { Op, type ClientFrame, type Message } from '@parley/protocol';
import { ParleyClient } from '../parley-client.js';
import { Recorder } from './recorder.js';
import { joined, page, ScriptedServer, type ScriptedConnection } from './scripted-server.js';

/** A client in room 1 of a server that joins at its head and answers history from `log`, until a test says otherwise. */
export function roomServer(
  log: Message[] = [],
  options: { join?: boolean; lastSeq?: number; epoch?: string } = {},
) {
  const server = new ScriptedServer();
  const room = {
    log,
    epoch: 'A',
    resume: true,
    onHistory: undefined as undefined | ((frame: ClientFrame) => boolean),
  };
  const head = () => room.log.at(-1)?.seq ?? 0;
  const answer = (frame: ClientFrame, connection: ScriptedConnection) => {
    if (frame.op === Op.join) {
      const resumed = room.resume && frame.lastSeq !== undefined && frame.epoch === room.epoch;
      const seq = resumed ? (frame.lastSeq ?? 0) : head();
      connection.push(
        joined(seq, {
          roomId: frame.roomId as number,
          epoch: room.epoch,
          head: head(),
          resumed,
          ref: frame.ref,
        }),
      );
      for (const m of room.log) if (m.seq > seq) connection.push(m);
    }
    if (frame.op === Op.history) {
      if (room.onHistory?.(frame)) return;
      const rest = room.log.filter((m) => m.seq > (frame.after ?? 0));
      const part = rest.slice(0, frame.limit);
      const fields = {
        roomId: frame.roomId as number,
        epoch: room.epoch,
        head: head(),
        more: part.length < rest.length,
      };
      connection.push({ op: Op.history, ref: frame.ref, ...page(part, fields) });
    }
    if (frame.op === Op.leave) connection.push({ op: Op.leave, roomId: frame.roomId, ref: frame.ref });
  };
  server.answer = answer;
  const client = new ParleyClient({ transport: server.transport, getToken: () => 't', random: () => 0.5 });
  const seen = new Recorder(client);
  const { lastSeq, epoch } = options;
  client.connect();
  const join =
    options.join === false
      ? undefined
      : client.join(1, {
          ...(lastSeq === undefined ? {} : { lastSeq }),
          ...(epoch === undefined ? {} : { epoch }),
        });
  const pages = () => server.connections.flatMap((c) => c.of(Op.history)).map((frame) => frame.after);
  return { server, room, client, seen, join, answer, pages };
}
