import { Audience } from './audience.js';
import type { Command, Target } from './commands.js';
import { floorWire } from './floor-wire.js';
import { parleyWire } from './parley-wire.js';
import { Publication } from './publication.js';
import { socketIoWire } from './socket-io-wire.js';

/** The load generator: a process of its own that does one command after the other. */
const wires = { parley: parleyWire, 'socket-io': socketIoWire, floor: floorWire };
const wireOf = ({ wire }: Target) => wires[wire];
const audience = new Audience(wireOf);

async function run(command: Command): Promise<unknown> {
  switch (command.do) {
    case 'come':
      return audience.come(command);
    case 'publish':
      return new Publication(audience, wireOf(command.target), command).run();
    case 'go':
      return audience.go();
  }
}

process.on('message', (command: Command) => {
  run(command).then(
    (result) => process.send?.({ result: result ?? null }),
    (error: unknown) => process.send?.({ error: String((error as Error).stack) }),
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({ result: 'ready' });
