import { type DynamicModule, Module } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import {
  pino,
  stdSerializers,
  type Bindings,
  type ChildLoggerOptions,
  type DestinationStream,
  type Logger,
  type LoggerOptions,
} from 'pino';
import pretty from 'pino-pretty';
import { currentCorrelationId } from './correlation.js';
import { redactFields } from './redact.js';

export interface LoggingOptions {
  readonly service: string;
  readonly instanceId: string;
  /** Lowest level that is written: `fatal` … `trace`, or `silent`. */
  readonly level: string;
  /** Readable lines instead of JSON. @defaultValue false */
  readonly pretty?: boolean | undefined;
}

/** What libraries hang on their errors: rows and parameters (SQL), arguments of the command (Redis). They hold messages and passwords. */
const dataOfErrors = [
  'parameters',
  'driverError',
  'command',
  'previousErrors',
  'detail',
  'args',
  'input',
] as const;

const serializeError = (error: unknown): unknown => {
  if (!(error instanceof Error)) return error;
  // The serialized error carries every own property of the original: a request's body, a connection's password.
  const fields: Record<string, unknown> = { ...stdSerializers.err(error) };
  for (const name of dataOfErrors) delete fields[name];
  return redactFields(fields);
};

function loggerOptions({ service, instanceId, level }: LoggingOptions): LoggerOptions {
  return {
    level,
    base: { service, instanceId },
    mixin: () => {
      const correlationId = currentCorrelationId();
      return correlationId === undefined ? {} : { correlationId };
    },
    formatters: { log: (fields) => redactFields(fields) },
    serializers: { err: serializeError, error: serializeError },
  };
}

/** Synchronous, so that the line before an exit is never lost. Lines are few: none per request or message. */
const standardOutput = (options: LoggingOptions): DestinationStream =>
  options.pretty ? pretty({ destination: 1, sync: true }) : pino.destination({ dest: 1, sync: true });

/**
 * A pino logger for code outside Nest: JSON lines on standard output, each with service, instance and, inside a
 * request, its correlation id; secrets redacted. Messages are constants, data goes in fields.
 *
 * @param destination - For tests. @defaultValue standard output
 */
export function createLogger(options: LoggingOptions, destination = standardOutput(options)): Logger {
  const logger = pino(loggerOptions(options), destination);
  // Pino formats the fields of a line, but not those a child is given. Children inherit both, hence `this`.
  const { child, setBindings } = logger;
  logger.child = function (this: Logger, bindings: Bindings, childOptions?: ChildLoggerOptions) {
    return Reflect.apply(child, this, [redactFields(bindings), childOptions]) as Logger;
    // The cast drops the type of custom levels, which no logger here has.
  } as unknown as Logger['child'];
  logger.setBindings = function (this: Logger, bindings: Bindings) {
    Reflect.apply(setBindings, this, [redactFields(bindings)]);
  };
  return logger;
}

/**
 * nestjs-pino, without a line per request: what matters is logged where it happens. Its request middleware is not
 * mounted either: a child logger per request would buy nothing, as the correlation id reaches every line through
 * {@link currentCorrelationId}.
 */
@Module({})
export class LoggingModule {
  /** nestjs-pino keeps one root logger per process: the first options win. */
  static forRoot(options: LoggingOptions): DynamicModule {
    const logger = createLogger(options);
    return {
      ...LoggerModule.forRoot({ pinoHttp: { logger, autoLogging: false }, forRoutes: [] }),
      global: true,
    };
  }
}
