import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { ApiModule } from '../api.module.js';

/** The OpenAPI document of this API, made from its routes. */
export function createApiDocument(app: NestFastifyApplication, version: string): OpenAPIObject {
  const info = new DocumentBuilder()
    .setTitle('Parley')
    .setDescription(
      'Rooms, messages and accounts. `/v1` is for new clients; `/user` and `/push` are gochat’s.',
    )
    .setVersion(version)
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth()
    .addTag('sessions', 'Accounts and log-ins: begin with `POST /v1/login`, then “Authorize” with its token')
    .addTag('rooms', 'Rooms, who is in them, and conversations')
    .addTag('messages', 'Sending and reading')
    .addTag('hosting', 'What hosts do: roles, time-outs, deletions, pins, settings; and the record of it')
    .addTag('door', 'Who comes into a room, and by what: invitations and guests')
    .addTag('gochat', 'For gochat’s own clients: always status 200, `code` 0 when it went well')
    .build();
  // Health and metrics are for the machines that watch this process; controllers' names are tags of nobody's.
  return SwaggerModule.createDocument(app, info, { include: [ApiModule], autoTagControllers: false });
}

/** Serves the document at `/docs`, and as JSON at `/docs-json`. */
export function setupDocs(app: NestFastifyApplication, version: string): void {
  SwaggerModule.setup('docs', app, () => createApiDocument(app, version));
}
