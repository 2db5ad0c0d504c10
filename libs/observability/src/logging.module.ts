import type { DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { pino, type Logger, type LoggerOptions } from 'pino';
import { currentCorrelationId } from './correlation.js';

export interface LoggingOptions {
  readonly service: string;
  readonly instanceId: string;
  readonly level: string;
}

const secretFields = [
  'token',
  'authToken',
  'password',
  'passWord',
  'authorization',
  'cookie',
  'msg_text',
  'text',
  'body',
];

function loggerOptions({ service, instanceId, level }: LoggingOptions): LoggerOptions {
  return {
    level,
    base: { service, instanceId },
    mixin: () => {
      const correlationId = currentCorrelationId();
      return correlationId === undefined ? {} : { correlationId };
    },
    redact: {
      paths: secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: '[redacted]',
    },
  };
}

/** A pino logger for code outside Nest: JSON lines on standard output, secrets redacted. */
export function createLogger(options: LoggingOptions): Logger {
  return pino(loggerOptions(options), pino.destination({ dest: 1, sync: true }));
}

/** nestjs-pino, without a line per request: what matters is logged where it happens. */
export class LoggingModule {
  static forRoot(options: LoggingOptions): DynamicModule {
    return LoggerModule.forRoot({
      pinoHttp: [
        { ...loggerOptions(options), autoLogging: false, quietReqLogger: true },
        pino.destination({ dest: 1, sync: true }),
      ],
    });
  }
}
