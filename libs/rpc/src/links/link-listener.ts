import { unlink } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { isDeserted, type LinkFolder } from './link-folder.js';
import { GOODBYE, Link } from './link.js';

/** Where callers of this machine link up with a callee. */
export class LinkListener {
  /** Linked, and which of them have said that they ask for nothing more. */
  private readonly links = new Map<Link, boolean>();

  private constructor(
    private readonly server: Server,
    onPacket: (packet: string, link: Link) => void,
  ) {
    const events = {
      onPacket,
      onGoodbye: (link: Link) => void this.links.set(link, true),
      onEnd: (link: Link) => void this.links.delete(link),
    };
    server.on('connection', (socket) => this.links.set(new Link(socket, events), false));
  }

  /**
   * Listens to a channel's socket.
   *
   * @throws When the socket cannot be made, or another process listens to it.
   */
  static async listen(
    folder: LinkFolder,
    channel: string,
    onPacket: (packet: string, link: Link) => void,
  ): Promise<LinkListener> {
    const path = folder.pathOf(channel);
    // Of a process with the same name that was killed.
    if (await isDeserted(path)) await unlink(path).catch(() => undefined);
    const server = createServer();
    const listener = new LinkListener(server, onPacket);
    await new Promise<void>((resolve, reject) => {
      // For good: who cannot be let in later, as when files run out, calls through Redis.
      server.on('error', reject);
      server.listen(path, resolve);
    });
    void folder.sweep(path).catch(() => undefined);
    return listener;
  }

  /** Somebody may still ask for something. */
  get isAsked(): boolean {
    return [...this.links.values()].includes(false);
  }

  /** Some link has not ended. */
  get isLinked(): boolean {
    return this.links.size > 0;
  }

  /** Takes no further links, and asks those that there are to send nothing more. */
  leave(): void {
    this.server.close();
    for (const link of this.links.keys()) link.send(GOODBYE);
  }

  /** After {@link leave}: ends all links when what was sent has left. */
  finish(): void {
    for (const link of this.links.keys()) link.finish();
  }

  /** Ends it all at once. */
  close(): void {
    this.server.close();
    for (const link of this.links.keys()) link.destroy();
  }
}
