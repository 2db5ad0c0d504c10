import { beforeAll, describe, expect, it } from 'vitest';
import { RawWs } from '../raw-clients.js';
import type { Stack } from '../stack.js';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema?: { readonly example?: unknown };
}
interface Operation {
  readonly tags?: readonly string[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { content: Record<string, { examples?: Record<string, { value: object }> }> };
}
type Document = { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };

/** What the docs show, tried by somebody who copies it. */
export const docs = (running: () => Stack) =>
  describe('the docs', () => {
    let stack: Stack;
    let document: Document;
    /** One that demo has made, with a message: what hosts do is tried there, since nobody is the host of room 1. */
    let hosted: number;
    beforeAll(async () => {
      stack = running();
      document = (await (await fetch(`${stack.apiUrl}/docs-json`)).json()) as Document;
      const api = stack.api(await stack.login('demo'));
      hosted = (await api.createRoom('tried by the docs')).roomId;
      await api.send(hosted, 'first');
    });

    async function inviteTo(roomId: number, token: string) {
      const response = await fetch(`${stack.apiUrl}/v1/rooms/${roomId}/invites`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: '{}',
      });
      return (await response.json()) as { inviteId: string; token: string };
    }

    let guests = 0;
    /** Somebody who waits to be let into a room. */
    async function waitingGuest() {
      const token = await stack.login('demo');
      const ask = async (method: string, path: string, body: object) => {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
        const response = await fetch(`${stack.apiUrl}${path}`, {
          method,
          headers,
          body: JSON.stringify(body),
        });
        return (await response.json()) as { roomId: number; token: string };
      };
      const { roomId } = await stack.api(token).createRoom('waited for by the docs');
      await ask('PATCH', `/v1/rooms/${roomId}/settings`, { guestPolicy: 'ASK_MODERATOR' });
      const { token: invite } = await inviteTo(roomId, token);
      return ask('POST', '/v1/guests', { invite, name: `who waits ${++guests}` });
    }

    /** A guest who is in a room. */
    async function someGuest() {
      const host = await stack.login('demo');
      const { token } = await inviteTo((await stack.api(host).createRoom('of a guest')).roomId, host);
      return stack.api().enterAsGuest(token, 'who is renamed');
    }

    /** A request made of nothing but examples, and a token where one is asked for. */
    async function run(method: string, path: string, { parameters = [], requestBody, tags }: Operation) {
      // One that logs out must not log out the others.
      const waiter = path.endsWith('/waiting/me') ? await waitingGuest() : undefined;
      const guest = path.endsWith('/guests/me') ? await someGuest() : undefined;
      const token = (waiter ?? guest)?.token ?? (await stack.login('demo'));
      const given = parameters.filter(({ schema }) => schema?.example !== undefined);
      const of = (place: Parameter['in']) =>
        given
          .filter((each) => each.in === place)
          .map(({ name, schema }) => [name, String(schema?.example)] as const);
      const example = requestBody?.content['application/json']?.examples?.['demo']?.value;
      const needsInvite = path.includes('{inviteId}') || (example && 'invite' in example);
      const invite = needsInvite ? await inviteTo(hosted, token) : undefined;
      const isForHosts = tags?.some((tag) => tag === 'hosting' || tag === 'door');
      const put = (name: string, value: string) =>
        name === 'inviteId'
          ? invite!.inviteId
          : name === 'id' && isForHosts
            ? String(waiter?.roomId ?? hosted)
            : value;
      const target = of('path').reduce(
        (at, [name, value]) => at.replace(`{${name}}`, put(name, value)),
        path,
      );
      const body = example && {
        ...example,
        ...('authToken' in example && { authToken: token }),
        ...('invite' in example && { invite: invite!.token }),
      };
      const response = await fetch(
        `${stack.apiUrl}${target}?${new URLSearchParams(of('query').map(([...pair]) => pair))}`,
        {
          method: method.toUpperCase(),
          headers: {
            authorization: `Bearer ${token}`,
            ...(body && { 'content-type': 'application/json' }),
            ...Object.fromEntries(of('header')),
          },
          ...(body && { body: JSON.stringify(body) }),
        },
      );
      return { status: response.status, text: await response.text() };
    }

    it('have examples that all work against the demo', async () => {
      // Who asks for an announcement to a room is in it.
      const member = await RawWs.connect(stack.gateway(0).wsUrl);
      member.send({ op: 20, roomId: 1, authToken: await stack.login('demo') });
      await member.waitFor(({ op }) => op === 21);
      const failed: string[] = [];
      let tried = 0;
      for (const [path, item] of Object.entries(document.paths))
        for (const [method, operation] of Object.entries(item)) {
          const { status, text } = await run(method, path, operation);
          const isFine = path.startsWith('/v1/')
            ? status >= 200 && status < 300
            : status === 200 && (JSON.parse(text) as { code: number }).code === 0;
          tried++;
          if (!isFine) failed.push(`${method} ${path}: ${status} ${text.slice(0, 200)}`);
        }
      member.close();
      expect(failed).toEqual([]);
      expect(tried).toBeGreaterThanOrEqual(20);
    });
  });
