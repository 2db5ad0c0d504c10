import { vi } from 'vitest';
import type { ParleyClientOptions } from '../client-options.js';
import { ParleyClient } from '../parley-client.js';
import { Recorder } from './recorder.js';
import { ScriptedServer } from './scripted-server.js';

/** A client that is not connected yet, and the server that it would connect to. Its tokens are numbered; `random` is a half. */
export function scriptedClient(options: Partial<ParleyClientOptions> = {}) {
  const server = new ScriptedServer();
  const getToken = vi.fn(() => `token ${getToken.mock.calls.length}`);
  const client = new ParleyClient({ transport: server.transport, getToken, random: () => 0.5, ...options });
  return { server, client, getToken, seen: new Recorder(client) };
}
