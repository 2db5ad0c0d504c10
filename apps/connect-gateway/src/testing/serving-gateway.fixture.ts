import type { INestApplicationContext } from '@nestjs/common';
import { encodeFrame, FrameDecoder } from '@parley/framing';
import { DatabaseLife, DatabaseLifeStore, RevocationList, SessionStore, DirectoryStore } from '@parley/redis';
import { SigningKeys, TokenVerifier } from '@parley/service-host';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { AuthenticatorService } from '../frames/authenticator.service.js';
import { FrameDispatcher } from '../frames/frame-dispatcher.js';
import { FrameIntake } from '../frames/frame-intake.js';
import { FrameRates } from '../frames/frame-rates.js';
import { QuestionLimits } from '../frames/question-limits.js';
import type { GatewayConfig } from '../gateway-config.js';
import { ConnectionLifecycle } from '../lifecycle/connection-lifecycle.service.js';
import { ListWatchers } from '../lists/list-watchers.js';
import { ReadReports } from '../lists/read-reports.js';
import { Admissions } from '../rooms/admissions.js';
import { PresenceAnnouncer } from '../rooms/presence-announcer.js';
import { ChatGateway } from '../transports/chat.gateway.js';
import { ParleyWsAdapter } from '../transports/parley-ws-adapter.js';
import { TcpServer } from '../transports/tcp-server.service.js';
import { gatewayOn, type Backend } from './live-gateway.fixture.js';

const signingKeys = new SigningKeys('a secret of the tests');

/** A token as `logic` signs them. */
export function tokenOf(userId: number, sid: string, expiresIn = 3_600): string {
  return signingKeys.signing.jwt.sign(
    { name: `u${userId}`, role: 'user', sid },
    { subject: String(userId), expiresIn },
  );
}

/** What a client has been sent, and how it ended. */
export interface Peer {
  readonly frames: Record<string, unknown>[];
  /** WebSocket's close code; TCP's is in its last frame. */
  closed: number | undefined;
  send(...frames: object[]): void;
}

/** A gateway with its sockets on a real Redis. It ends with the test. */
export async function serve(backend: Backend, instanceId: string) {
  const gateway = gatewayOn(backend, instanceId);
  const { connections, events, index, rooms, presence } = gateway;
  const config: GatewayConfig = {
    instanceId,
    hints: true,
    maxOutboundBytes: 256_000,
    maxConnections: 100,
    connectionsPerUser: 10,
    connectionsPerAddress: 100,
    sendBurst: 60,
    sendsPerSecond: 20,
    positionCheckMs: 3_000,
    unauthenticatedIdleMs: 10_000,
    heartbeatIntervalMs: 25_000,
    heartbeatTimeoutMs: 60_000,
    drainWindowMs: 0,
  };
  const revocations = new RevocationList(new SessionStore(connections.main, backend.keys), events);
  await revocations.start();
  const database = new DatabaseLife(new DatabaseLifeStore(connections.main, backend.keys), events);
  await database.start();
  const verifier = new TokenVerifier(signingKeys, revocations, database);
  const authenticator = new AuthenticatorService(config, verifier, revocations, index, database);
  const announcer = new PresenceAnnouncer(config, rooms, index, presence, events);
  await announcer.onModuleInit();
  const rates = new FrameRates(config);
  const dispatcher = new FrameDispatcher(
    config,
    authenticator,
    rooms,
    backend.rpc,
    announcer,
    new QuestionLimits(),
    rates,
    new ReadReports(backend.rpc),
    new ListWatchers(config, index, new DirectoryStore(connections.main, backend.keys), events),
    new Admissions(backend.rpc),
    { wait: () => Promise.reject(new Error('nobody waits here')) },
    { sent: () => undefined },
  );
  const intake = new FrameIntake(config, dispatcher, rates);
  const lifecycle = new ConnectionLifecycle(config, index, rooms);
  lifecycle.onApplicationBootstrap();

  const tcp = new TcpServer(lifecycle, intake);
  const tcpPort = await tcp.listen(0, '127.0.0.1');
  const http = createServer();
  const adapter = new ParleyWsAdapter(http as unknown as INestApplicationContext, {
    path: '/ws',
    isOriginAllowed: () => false,
  });
  const chat = new ChatGateway(() => 'here', lifecycle, intake);
  adapter
    .create()
    .on('connection', (ws: WebSocket, request: IncomingMessage) => chat.handleConnection(ws, request));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const wsPort = (http.address() as AddressInfo).port;
  onTestFinished(async () => {
    for (const connection of index.all()) connection.destroy();
    lifecycle.onApplicationShutdown();
    tcp.stopAccepting();
    await adapter.dispose();
    http.close();
  });

  return {
    ...gateway,
    revocations,
    lifecycle,
    openWs: async (): Promise<Peer> => {
      const ws = new WebSocket(`ws://127.0.0.1:${wsPort}/ws`);
      const peer: Peer = {
        frames: [],
        closed: undefined,
        send: (...frames) => frames.forEach((frame) => ws.send(JSON.stringify(frame))),
      };
      ws.on('message', (data: Buffer) => void peer.frames.push(JSON.parse(data.toString()) as never));
      ws.on('close', (code) => (peer.closed = code));
      await once(ws, 'open');
      onTestFinished(() => ws.terminate());
      return peer;
    },
    openTcp: async (): Promise<Peer> => {
      const socket = connect(tcpPort, '127.0.0.1');
      const decoder = new FrameDecoder();
      const peer: Peer = {
        frames: [],
        closed: undefined,
        // In one write: they come in one read.
        send: (...frames) =>
          void socket.write(Buffer.concat(frames.map((frame) => encodeFrame(JSON.stringify(frame))))),
      };
      socket.on('data', (chunk: Buffer) => {
        for (const payload of decoder.push(chunk)) peer.frames.push(JSON.parse(payload.toString()) as never);
      });
      socket.on('error', () => undefined);
      socket.on('close', () => (peer.closed = Number(peer.frames.at(-1)?.['closeCode'] ?? 0)));
      await once(socket, 'connect');
      onTestFinished(() => void socket.destroy());
      return peer;
    },
  };
}
