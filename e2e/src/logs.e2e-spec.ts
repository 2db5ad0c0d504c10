import { eventually, missingPostgres, startPostgres } from '@parley/testing';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canary } from './leak-watch.js';
import { post, RawTcp, RawWs } from './raw-clients.js';
import { Stack } from './stack.js';

const password = `pass-${canary}`;
const body = `text ${canary} 你好`;

/**
 * Everything that could get into a log gets near one, at the level that writes most; the stack reads all that is written, and its
 * `stop` is the assertion (`leak-watch.ts`). Postgres tells more in its errors than SQLite: rows, keys, parameters.
 */
describe.skipIf(missingPostgres())(
  'tokens, passwords and messages stay out of the logs',
  { timeout: 120_000 },
  () => {
    let stack: Stack;
    let sql: Awaited<ReturnType<typeof startPostgres>>;
    let token: string;
    let roomId: number;

    beforeAll(async () => {
      sql = await startPostgres();
      const url = new URL(sql.url);
      // The server asks for none.
      url.password = password;
      stack = await Stack.start({
        replicas: 1,
        web: true,
        env: {
          PARLEY_DATABASE_URL: url.href,
          PARLEY_LOG_LEVEL: 'trace',
          PARLEY_METRICS_TOKEN: `metrics-${canary}`,
          PARLEY_ARGON2_MEMORY_KIB: '1024',
        },
      });
      ({ token } = await stack.api().register('keeper', password));
      ({ roomId } = await stack.api(token).createRoom('logs'));
    });
    afterAll(async () => {
      try {
        await stack?.stop();
      } finally {
        await sql?.stop();
      }
    });

    async function member(at: 'ws' | 'tcp') {
      const { wsUrl, tcpPort } = stack.gateway();
      const client = at === 'ws' ? await RawWs.connect(wsUrl) : await RawTcp.connect(tcpPort);
      client.send({ op: 20, authToken: token, roomId });
      await client.waitFor(({ op }) => op === 21);
      return client;
    }
    const bearer = (value: string) => ({ authorization: `Bearer ${value}` });

    it('when all is well', async () => {
      await stack.login('keeper', password);
      for (const at of ['ws', 'tcp'] as const) {
        const client = await member(at);
        client.send({ op: 3, roomId, msg: body });
        await client.waitFor(({ op, msg }) => op === 3 && msg === body);
        client.close();
      }
      const sent = await post(`${stack.apiUrl}/v1/rooms/${roomId}/messages`, { msg: body }, bearer(token));
      expect(sent.status).toBeLessThan(300);
      const direct = { msg: body, toUserId: '3', authToken: token, roomId, op: 2 };
      expect((await post(`${stack.apiUrl}/push/push`, direct)).text).toContain('"code":0');
    });

    it('when requests are wrong', async () => {
      const { apiUrl, webUrl } = stack;
      const bodies: unknown[] = [
        { userName: 'keeper', password: `${password}x` },
        { userName: 'keeper', passWord: password, password: { $ne: canary } },
        { userName: `k${'e'.repeat(300)}`, password: password.repeat(200) },
        { userName: '', password, authToken: canary, msg: body, roomId: canary },
        `{"password":"${password}","msg":"${body}`,
        `"${canary}`.repeat(20_000),
      ];
      const paths = [
        '/v1/login',
        '/v1/register',
        '/user/login',
        '/user/register',
        '/user/checkAuth',
        '/push/pushRoom',
      ];
      for (const path of [...paths, `/v1/rooms/${roomId}/messages`, '/nowhere'])
        for (const wrong of bodies) {
          const { status } = await post(`${apiUrl}${path}`, wrong, {
            ...bearer(`${token}x`),
            cookie: `session=${canary}`,
          });
          expect(status).toBeLessThan(500);
        }
      for (const url of [apiUrl, webUrl, stack.gateway().wsUrl.replace('ws:', 'http:')])
        for (const path of [`/?token=${canary}`, `/${canary}`, `/metrics?token=${canary}`, `/%${canary}`])
          await fetch(`${url}${path}`, { headers: bearer(`wrong-${canary}`) });
    });

    it('when frames are wrong', async () => {
      const { wsUrl, tcpPort } = stack.gateway();
      const frames = [
        canary,
        `{"op":3,"msg":"${body}`,
        JSON.stringify({ op: 20, authToken: `${token}x`, roomId }),
        JSON.stringify({ op: 20, authToken: { canary }, roomId: canary }),
        JSON.stringify({ op: 77, authToken: token, password, msg: body }),
        JSON.stringify({ op: 3, msg: body.repeat(1_000), roomId }),
      ];
      for (const frame of frames)
        for (const client of [
          await RawWs.connect(`${wsUrl}?token=${canary}`),
          await RawTcp.connect(tcpPort),
          await member('ws'),
          await member('tcp'),
        ]) {
          client.sendText(frame.slice(0, 30_000));
          await client
            .waitFor(({ op, code }) => op === 23 || code === 40_000)
            .catch(() => client.waitForClose());
          client.close();
        }
      const tcp = await RawTcp.connect(tcpPort);
      tcp.sendBytes(Buffer.from(`v9${canary}`));
      await tcp.waitForClose();
    });

    // The errors of SQL carry rows and parameters, those of Redis the arguments of the command.
    it('when SQL and Redis refuse what they are given', async () => {
      const client = new pg.Client({ connectionString: sql.url });
      await client.connect();
      await client.query('ALTER TABLE messages ADD CONSTRAINT none CHECK (length(body) = 0) NOT VALID');
      await client.query(
        'ALTER TABLE users ADD CONSTRAINT nobody CHECK (length(password_hash) = 0) NOT VALID',
      );
      const ws = await member('ws');
      ws.send({ op: 3, roomId, msg: body, clientMsgId: 'refused-by-sql' });
      await ws.waitFor(({ op, clientMsgId }) => op === 22 && clientMsgId === 'refused-by-sql');
      await expect(stack.api().register('another', password)).rejects.toThrow();
      const setAside = () => client.query<{ n: string }>('SELECT count(*) AS n FROM messages_aside');
      await eventually(async () => expect(Number((await setAside()).rows[0]?.n)).toBeGreaterThan(0), {
        timeoutMs: 30_000,
      });
      await client.query('ALTER TABLE messages RENAME TO elsewhere');
      await client.query('ALTER TABLE users RENAME TO nobodys');
      await expect(stack.login('keeper', password)).rejects.toThrow();
      const redis = new Redis(stack.redis.url);
      await redis.config('SET', 'maxmemory', '1');
      ws.send({ op: 3, roomId, msg: body, ref: 'refused-by-redis' });
      await ws.waitFor(({ ref }) => ref === 'refused-by-redis', 20_000);
      await redis.config('SET', 'maxmemory', '0');
      redis.disconnect();
      ws.send({ op: 3, roomId, msg: body, ref: 'cut' });
      await stack.redis.kill();
      await ws.waitFor(({ ref }) => ref === 'cut', 20_000);
      // Otherwise there was nothing that could have leaked. A Redis that is back at once is not missed by anybody.
      await Promise.all(
        stack.of('logic').map(({ process }) => process.waitForLine(/"level":[45]0.*"where":"redis/, 30_000)),
      );
      await stack.redis.restart();
      await client.query('ALTER TABLE nobodys RENAME TO users');
      await client.query('ALTER TABLE elsewhere RENAME TO messages');
      await client.end();
    });
  },
);
