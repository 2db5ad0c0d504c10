import { actRules, grantableRoles, mayAct, roomRoles, type ActName, type RoomRole } from '@parley/protocol';
import { beforeAll, describe, expect, it } from 'vitest';
import { RawTcp, RawWs, type RawClient } from '../raw-clients.js';
import type { Stack } from '../stack.js';

type Frame = Record<string, unknown>;
type Act = { readonly act: ActName } & Frame;
interface Somebody {
  readonly userId: number;
  readonly token: string;
}
interface Target extends Somebody {
  readonly role: RoomRole;
  /** A message of his. */
  readonly seq: number;
}

const transports = ['http', 'ws', 'tcp'] as const;
/** The acts matrix, cell by cell: what `mayAct` says is what the server does, over every door. */
export const actsMatrix = (running: () => Stack) =>
  describe('the acts matrix', () => {
    let stack: Stack;
    const people: Somebody[] = [];
    beforeAll(async () => {
      stack = running();
      for (let i = 0; i < 2 * roomRoles.length; i++) {
        const name = `matrix${i}`;
        const { token, user } = await stack.api().register(name, 'secret of mine');
        people.push({ userId: user.userId, token });
      }
    });

    const call = async (token: string, method: string, path: string, body?: object): Promise<Frame> => {
      const response = await fetch(`${stack.apiUrl}/v1${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        ...(body && { body: JSON.stringify(body) }),
      });
      return (await response.json()) as Frame;
    };
    /** The route that an act has. */
    const route = ({ act, ...with_ }: Act): [string, string, object?] => {
      const { userId, seq, ...rest } = with_ as { userId?: number; seq?: number };
      const routes: Record<ActName, [string, string, object?]> = {
        settings: ['PATCH', '/settings', rest],
        role: ['PUT', `/members/${userId}`, rest],
        handOver: ['POST', '/owner', { userId }],
        takeOver: ['POST', '/takeover'],
        timeout: ['POST', '/bans', { userId, duration: 60 }],
        untimeout: ['DELETE', `/bans/${userId}`],
        kick: ['POST', '/kicks', { userId }],
        ban: ['POST', '/bans', { userId }],
        unban: ['DELETE', `/bans/${userId}`],
        delete: ['DELETE', `/messages/${seq}`],
        restore: ['POST', '/messages/restore', { seq }],
        announce: ['POST', '/announcements', rest],
        pin: ['PUT', `/pins/${seq}`, {}],
        unpin: ['DELETE', `/pins/${seq}`],
        panic: ['PUT', '/shield', {}],
        calm: ['DELETE', '/shield', {}],
      };
      return routes[act];
    };

    it.each(transports)('is what the server does over %s', async (transport) => {
      const [founder] = people as [Somebody];
      const { roomId } = await stack.api(founder.token).createRoom(`matrix over ${transport}`);
      const { token: invite } = await stack.api(founder.token).createInvite(roomId);
      const comeAsGuest = async (name: string): Promise<Somebody> => {
        const { user, token } = await stack.api().enterAsGuest(invite, name);
        return { userId: user.userId, token };
      };
      const actors = await Promise.all(
        roomRoles.map(async (role, i) => ({
          role,
          ...(role === 'guest' ? await comeAsGuest('Ada') : (people[i] as Somebody)),
        })),
      );
      const owner = actors[0] as Somebody;
      const give = (userId: number, role: RoomRole) =>
        call(owner.token, 'PUT', `/rooms/${roomId}/members/${userId}`, { role });
      const targets: Target[] = [];
      for (const [i, role] of roomRoles.entries()) {
        const isGiven = role !== 'member' && role !== 'guest';
        if (i > 0 && isGiven) await give(actors[i]?.userId ?? 0, role);
        const one = role === 'guest' ? await comeAsGuest('Bob') : (people[roomRoles.length + i] as Somebody);
        if (isGiven) await give(one.userId, role);
        const { seq } = await stack.api(one.token).send(roomId, `of a ${role}`);
        targets.push({ ...one, role, seq });
      }

      const clients = new Map<number, RawClient>();
      if (transport !== 'http')
        for (const { userId, token } of actors) {
          const client = await (transport === 'ws'
            ? RawWs.connect(stack.gateway(0).wsUrl)
            : RawTcp.connect(stack.gateway(1).tcpPort));
          client.send({ op: 28, authToken: token });
          await client.waitFor(({ op }) => op === 29);
          clients.set(userId, client);
        }
      let refs = 0;
      const perform = async (actor: Somebody, act: Act): Promise<Frame> => {
        const client = clients.get(actor.userId);
        if (!client) {
          const [method, path, body] = route(act);
          return call(actor.token, method, `/rooms/${roomId}${path}`, body);
        }
        const ref = `m${++refs}`;
        client.send({ op: 34, roomId, act, ref });
        return client.waitFor((frame) => frame['ref'] === ref);
      };
      /** Everything that an act may have changed is as it was. */
      const putBack = async (act: Act, target: Target | undefined) => {
        if (act.act === 'handOver' && target) {
          await call(target.token, 'POST', `/rooms/${roomId}/owner`, { userId: owner.userId });
          await give(target.userId, target.role);
        }
        if (act.act === 'role' && target) await give(target.userId, target.role);
        if (act.act === 'ban' || act.act === 'timeout')
          await call(owner.token, 'DELETE', `/rooms/${roomId}/bans/${target?.userId}`);
        if (act.act === 'panic') await call(owner.token, 'DELETE', `/rooms/${roomId}/shield`, {});
      };

      const wrong: string[] = [];
      let cells = 0;
      const tryCell = async (
        actor: Somebody & { role: RoomRole },
        act: Act,
        may: boolean,
        target?: Target,
      ) => {
        const answer = await perform(actor, act);
        // What is refused for another reason was not refused for the role.
        const did = answer['code'] !== 'FORBIDDEN';
        const isKnown = answer['seq'] !== undefined || answer['code'] !== undefined;
        cells++;
        if (did !== may || !isKnown || answer['code'] === 'RATE_LIMITED')
          wrong.push(`${actor.role} ${act.act} ${target?.role ?? ''}: ${JSON.stringify(answer)}`);
        if (did) await putBack(act, target);
      };
      for (const actor of actors)
        for (const name of Object.keys(actRules) as ActName[]) {
          const { on } = actRules[name];
          const whole: Partial<Record<ActName, Frame>> = {
            settings: { slowModeWaitTime: 0 },
            announce: { msg: 'listen' },
            pin: { seq: targets[0]?.seq },
            unpin: { seq: targets[0]?.seq },
            restore: { seq: targets[0]?.seq },
          };
          if (name === 'takeOver') await tryCell(actor, { act: name }, false);
          else if (on === 'room')
            await tryCell(actor, { act: name, ...whole[name] }, mayAct(name, actor.role));
          else
            for (const target of targets) {
              const { role, userId, seq } = target;
              if (name === 'delete')
                await tryCell(actor, { act: name, seq }, mayAct(name, actor.role, role), target);
              else if (name === 'role')
                for (const given of grantableRoles)
                  await tryCell(
                    actor,
                    { act: name, userId, role: given },
                    mayAct(name, actor.role, role, given),
                    target,
                  );
              else {
                const more = name === 'timeout' ? { seconds: 60 } : {};
                await tryCell(actor, { act: name, userId, ...more }, mayAct(name, actor.role, role), target);
              }
            }
        }
      expect(wrong).toEqual([]);
      expect(cells).toBeGreaterThan(200);
      for (const client of clients.values()) client.close();
    });
  });
