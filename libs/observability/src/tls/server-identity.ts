import {
  checkKeyPair,
  readKeyPair,
  readKeyPairText,
  TlsFileError,
  type KeyPair,
  type KeyPairFiles,
  type KeyPairText,
} from '@parley/config';
import { createHash } from 'node:crypto';
import type { Server } from 'node:tls';

/** How often the files are looked at, milliseconds. */
const LOOK_INTERVAL_MS = 2_000;
/** A client that has not ended its handshake by then is cut off, milliseconds. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

/**
 * What is spoken: TLS 1.2 with forward secrecy, and 1.3. Every browser that the site runs in has both.
 *
 * @see https://wiki.mozilla.org/Security/Server_Side_TLS, "intermediate", without the DHE suites
 */
const SPOKEN = {
  minVersion: 'TLSv1.2',
  ciphers: [
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
  ].join(':'),
} as const;

/** Options of a server of `node:tls` or `node:https`. */
export type ServerTlsOptions = KeyPairText & typeof SPOKEN & { readonly handshakeTimeout: number };

export interface ServerIdentityListener {
  /** Another pair is in use from now on. */
  readonly onRenewed?: (pair: KeyPair) => void;
  /** The files hold something that cannot be used; the pair in use stays. Once for each content. */
  readonly onProblem?: (error: TlsFileError) => void;
  /** @defaultValue 2_000 */
  readonly lookIntervalMs?: number;
}

/**
 * The certificate that servers of this process show, from files that may be replaced while it runs: new connections see the
 * new one, and those that are open stay.
 *
 * The files are looked at by what is in them, since no notice of a change comes through a symbolic link that is turned, or
 * over a network. Two files are not replaced at once: a pair that cannot be used is told only when it is found again.
 */
export class ServerIdentity {
  private readonly servers = new Set<Server>();
  private pair: KeyPair;
  private inUse: string;
  /** What was found the last time, and could not be used. */
  private seen: string | undefined;
  private told: string | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  /** @throws {TlsFileError} when there is nothing to begin with. */
  constructor(
    private readonly files: KeyPairFiles,
    private readonly listener: ServerIdentityListener = {},
  ) {
    this.pair = readKeyPair(files);
    this.inUse = digestOf(this.pair);
    this.lookLater();
  }

  /** The pair in use. */
  get current(): KeyPair {
    return this.pair;
  }

  /** What a new server is made with. */
  get options(): ServerTlsOptions {
    const { cert, key } = this.pair;
    return { ...SPOKEN, cert, key, handshakeTimeout: HANDSHAKE_TIMEOUT_MS };
  }

  /** This server shows each new certificate, until it closes. */
  renewOn(server: Server): void {
    this.servers.add(server);
    server.once('close', () => this.servers.delete(server));
  }

  /** Looks no more. */
  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
  }

  private lookLater(): void {
    if (this.isStopped) return;
    const intervalMs = this.listener.lookIntervalMs ?? LOOK_INTERVAL_MS;
    this.timer = setTimeout(() => void this.look().finally(() => this.lookLater()), intervalMs).unref();
  }

  private async look(): Promise<void> {
    let found = '';
    try {
      const text = await readKeyPairText(this.files);
      found = digestOf(text);
      if (found === this.inUse) this.seen = this.told = undefined;
      else this.use(checkKeyPair(this.files, text), found);
    } catch (error) {
      if (!(error instanceof TlsFileError)) throw error;
      this.refuse(error, `${found} ${error.message}`);
    }
  }

  private use(pair: KeyPair, digest: string): void {
    this.pair = pair;
    this.inUse = digest;
    this.seen = this.told = undefined;
    for (const server of this.servers) server.setSecureContext(this.options);
    this.listener.onRenewed?.(pair);
  }

  private refuse(error: TlsFileError, found: string): void {
    const isAgain = this.seen === found;
    this.seen = found;
    if (!isAgain || this.told === found) return;
    this.told = found;
    this.listener.onProblem?.(error);
  }
}

/** Stands for a pair where one is remembered. */
const digestOf = ({ cert, key }: KeyPairText): string =>
  createHash('sha256').update(cert).update('\0').update(key).digest('base64');
