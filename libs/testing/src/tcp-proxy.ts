import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { TcpPipe } from './tcp-pipe.js';

/** `toClient`: what the target says. `toTarget`: what the client says. */
export type ProxyDirection = 'toClient' | 'toTarget';

/** Options of {@link startTcpProxy}. */
export interface TcpProxyOptions {
  target: { host: string; port: number };
  /** @defaultValue a free one */
  port?: number;
}

/** A TCP connection to `target` that can be broken in every way networks break. */
export interface TcpProxy {
  /** Listens here, on 127.0.0.1. */
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Connections ended by {@link TcpProxy.resetAfterBytes} so far. */
  readonly resets: number;
  /** Destroys all connections; new ones are refused. Resolves when the port is closed. */
  cut(): Promise<void>;
  /** Ends {@link TcpProxy.cut}. */
  restore(): Promise<void>;
  /** Half-open: nothing flows, not even a close, and new connections are accepted but lead nowhere. */
  freeze(): void;
  /** Ends {@link TcpProxy.freeze}; what was sent meanwhile arrives. */
  thaw(): void;
  /** Holds every byte read from now on for `ms`, each way. 0 ends it. */
  delay(ms: number): void;
  /** Limits each direction of each connection. 0 ends it. */
  throttle(bytesPerSecond: number): void;
  /**
   * Once: the first connection, open or new, that carries `bytes` more in `direction` is ended there
   * with RST on both sides, in the middle of whatever was being said. 0: at the next byte, unsent.
   */
  resetAfterBytes(bytes: number, direction: ProxyDirection): void;
  /** New connections lead there; open ones stay where they are: what a name that is pointed elsewhere does. */
  retarget(target: TcpProxyOptions['target']): void;
  /** Ends everything. Repeatable. */
  close(): Promise<void>;
}

interface Link {
  pipes: Record<ProxyDirection, TcpPipe>;
  update(): void;
  destroy(): void;
}

/** Starts a proxy without faults. */
export async function startTcpProxy({
  target: firstTarget,
  port: wantedPort = 0,
}: TcpProxyOptions): Promise<TcpProxy> {
  const faults = { frozen: false, delayMs: 0, bytesPerSecond: 0 };
  const links = new Set<Link>();
  let armed: { bytes: number; direction: ProxyDirection } | undefined;
  let resets = 0;
  let server: Server | undefined;
  let target = firstTarget;

  const update = (): void => {
    for (const link of links) link.update();
  };
  const arm = (link: Link): void => {
    link.pipes.toClient.resetAfterBytes(armed?.direction === 'toClient' ? armed.bytes : undefined);
    link.pipes.toTarget.resetAfterBytes(armed?.direction === 'toTarget' ? armed.bytes : undefined);
  };
  const accept = (client: Socket): void => {
    const link = join(client, target, faults, {
      onReset: () => {
        resets++;
        armed = undefined;
        links.forEach(arm);
      },
      onClose: () => links.delete(link),
    });
    links.add(link);
    arm(link);
    link.update();
  };
  const open = async (port: number): Promise<number> => {
    const opening = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, accept);
    await new Promise<void>((resolve, reject) => {
      opening.once('error', reject);
      opening.listen(port, '127.0.0.1', resolve);
    });
    server = opening;
    return (opening.address() as AddressInfo).port;
  };
  const cut = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    const closed = closing && new Promise((resolve) => closing.close(resolve));
    for (const link of links) link.destroy();
    await closed;
  };

  const port = await open(wantedPort);
  return {
    port,
    get connections() {
      return links.size;
    },
    get resets() {
      return resets;
    },
    cut,
    restore: async () => {
      if (!server) await open(port);
    },
    freeze: () => {
      faults.frozen = true;
      update();
    },
    thaw: () => {
      faults.frozen = false;
      update();
    },
    delay: (ms) => {
      faults.delayMs = ms;
    },
    throttle: (bytesPerSecond) => {
      faults.bytesPerSecond = bytesPerSecond;
      update();
    },
    resetAfterBytes: (bytes, direction) => {
      armed = { bytes, direction };
      links.forEach(arm);
    },
    retarget: (other) => {
      target = other;
    },
    close: cut,
  };
}

/** Connects one accepted client to the target. */
function join(
  client: Socket,
  target: TcpProxyOptions['target'],
  faults: { frozen: boolean; delayMs: number; bytesPerSecond: number },
  { onReset, onClose }: { onReset: () => void; onClose: () => void },
): Link {
  const upstream = connect({ ...target, allowHalfOpen: true, noDelay: true });
  const reset = (): void => {
    onReset();
    client.resetAndDestroy();
    upstream.resetAndDestroy();
  };
  const pipes = {
    toClient: new TcpPipe(upstream, client, faults, reset),
    toTarget: new TcpPipe(client, upstream, faults, reset),
  };
  const both = [client, upstream];
  let lost = false;
  const link: Link = {
    pipes,
    update: () => {
      pipes.toClient.update();
      pipes.toTarget.update();
      if (lost && !faults.frozen) link.destroy();
    },
    destroy: () => both.forEach((socket) => socket.destroy()),
  };
  for (const socket of both) {
    socket.on('error', () => {
      // A broken side breaks the other, but not while frozen: then nobody can know yet.
      lost = true;
      if (!faults.frozen) both.forEach((other) => other.resetAndDestroy());
    });
    socket.on('close', () => {
      if (!both.every((one) => one.destroyed)) return;
      pipes.toClient.close();
      pipes.toTarget.close();
      onClose();
    });
  }
  return link;
}
