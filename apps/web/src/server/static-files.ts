import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { cameOverTls } from '@parley/observability';
import { join, sep } from 'node:path';
import { hashesOf } from './inline-hashes.js';
import { securityHeaders } from './security-headers.js';
import type { SiteSettings } from './site-config.js';

const unchanging = 'public, max-age=31536000, immutable';

/**
 * Serves the built site, compressed as the build has done it. Files under `assets/` have a hash of their content in the name
 * and are kept for a year; everything else is asked for again every time. What is not there is a 404.
 *
 * @param publicDir - Absolute; what `vite build` made.
 */
export async function serveSite(
  app: NestFastifyApplication,
  settings: SiteSettings,
  publicDir: string,
): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  const inline = hashesOf(join(publicDir, 'index.html'));
  fastify.addHook('onRequest', async (request, reply) => {
    reply.headers(
      securityHeaders(
        settings,
        { host: request.headers.host, isSecure: cameOverTls(request) },
        await inline(),
      ),
    );
  });
  await app.register(fastifyStatic, {
    root: publicDir,
    index: false,
    cacheControl: false,
    preCompressed: true,
    dotfiles: 'ignore',
    setHeaders: (reply, path) => {
      // A page that stands for another address, which may be there tomorrow, has said so before.
      if (reply.getHeader('cache-control') !== undefined) return;
      reply.header('cache-control', path.includes(`${sep}assets${sep}`) ? unchanging : 'no-cache');
    },
  });
}
