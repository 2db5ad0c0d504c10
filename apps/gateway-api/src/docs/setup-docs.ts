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
    .build();
  // Health and metrics are for the machines that watch this process.
  return SwaggerModule.createDocument(app, info, { include: [ApiModule] });
}

/** Serves the document at `/docs`, and as JSON at `/docs-json`. */
export function setupDocs(app: NestFastifyApplication, version: string): void {
  SwaggerModule.setup('docs', app, () => createApiDocument(app, version));
}
