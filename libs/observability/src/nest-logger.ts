import { Logger, PinoLogger } from 'nestjs-pino';
import type { Logger as Pino } from 'pino';

/** What Nest says of its own start: one line per module and route. */
const frameworkContexts: ReadonlySet<unknown> = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'NestMicroservice',
  'RouterExplorer',
  'RoutesResolver',
  'WebSocketsController',
]);

/** Nest's logger: pino, with the framework's own chatter at `debug`. */
export class NestLogger extends Logger {
  /** @param logger - Becomes the root of every nestjs-pino logger of this process, if there is none yet. */
  constructor(logger: Pino) {
    super(new PinoLogger({ pinoHttp: { logger } }), {});
  }

  // The parameter types are those of the class it overrides.
  override log(message: unknown, ...optionalParams: unknown[]): void {
    if (frameworkContexts.has(optionalParams.at(-1))) this.debug(message, ...optionalParams);
    else super.log(message, ...optionalParams);
  }
}
