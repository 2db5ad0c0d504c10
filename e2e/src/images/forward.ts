import net from 'node:net';

/** A port of this machine that leads to wherever the container is by now: its address changes when it starts again. */
export async function forward(address: () => string, port: number): Promise<{ port: number; close(): void }> {
  const server = net.createServer((socket) => {
    const target = net.connect({ host: address(), port });
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: own } = server.address() as net.AddressInfo;
  return { port: own, close: () => void server.close() };
}
