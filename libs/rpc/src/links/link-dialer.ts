import { connect } from 'node:net';
import type { LinkFolder } from './link-folder.js';
import { Link, type LinkEvents } from './link.js';

/** Who could not be linked with is on another machine, or is gone: asked again after this time, milliseconds. */
const DIAL_AGAIN_MS = 5_000;

/** Links from one caller to the callees of its machine, made when somebody is called. */
export class LinkDialer {
  /** By channel; undefined while there is none and it is not time to try. */
  private readonly links = new Map<string, Link | undefined>();
  private isClosed = false;

  constructor(
    private readonly folder: LinkFolder,
    private readonly events: Omit<LinkEvents, 'onEnd'>,
  ) {}

  /** Links that may be used. */
  get open(): number {
    return [...this.links.values()].filter((link) => link?.isOpen).length;
  }

  /** The link to who listens to this channel. Undefined while there is none; one is then begun, if that can be. */
  to(channel: string): Link | undefined {
    const link = this.links.get(channel);
    if (!link && !this.links.has(channel)) this.dial(channel);
    return link?.isOpen ? link : undefined;
  }

  close(): void {
    this.isClosed = true;
    for (const link of this.links.values()) link?.destroy();
  }

  private dial(channel: string): void {
    if (this.isClosed) return;
    this.links.set(channel, undefined);
    const socket = connect(this.folder.pathOf(channel));
    const end = () => {
      this.links.set(channel, undefined);
      setTimeout(() => this.links.delete(channel), DIAL_AGAIN_MS).unref();
    };
    socket.once('connect', () => {
      socket.off('error', end);
      const link = new Link(socket, { ...this.events, onEnd: end });
      if (this.isClosed) link.destroy();
      else this.links.set(channel, link);
    });
    socket.once('error', end);
  }
}
