import { Controller, Get, Header, Headers, Inject, NotFoundException, Param, Res } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '@parley/config';
import type { FastifyReply } from 'fastify';
import { siteConfigBody, type SiteConfigBody } from './site-config.js';

/** The addresses that people see; what they show is decided in the browser. Files come from static-files.ts. */
@Controller()
export class PagesController {
  constructor(@Inject(APP_CONFIG) private readonly config: AppConfig<'web'>) {}

  @Get('config.json')
  @Header('cache-control', 'no-store')
  siteConfig(@Headers('host') host?: string): SiteConfigBody {
    return siteConfigBody(this.config, host);
  }

  @Get(['', 'login', 'register', 'code', 'rooms/:id', 'direct/:id'])
  page(@Res() reply: FastifyReply, @Param('id') id?: string): void {
    // As the page itself reads it, see src/app/routing/route.ts.
    if (id !== undefined && !/^[1-9]\d{0,15}$/.test(id)) throw new NotFoundException();
    // Sent by the plugin, with its caching headers; there is nothing left for Nest to answer.
    void reply.sendFile('index.html');
  }

  /** Where the link of an invitation leads. */
  @Get('join/:invite')
  join(@Res() reply: FastifyReply, @Param('invite') invite: string): void {
    if (!/^[\w-]{20,64}$/.test(invite)) throw new NotFoundException();
    void reply.sendFile('index.html');
  }

  /** Where a room's code leads, in a link; right or wrong. */
  @Get('code/:code')
  code(@Res() reply: FastifyReply, @Param('code') code: string): void {
    if (!/^[A-Za-z\d-]{1,32}$/.test(code)) throw new NotFoundException();
    void reply.sendFile('index.html');
  }
}
