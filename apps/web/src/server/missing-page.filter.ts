import { Catch, HttpException, HttpStatus, NotFoundException, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Where files are: one that is missing must not be answered with a page, and least of all a script. */
const FILES = /^\/assets(\/|$)|\.[a-z\d]+$/i;

/** What cannot be the name of a file, as `//x`, is forbidden to the plugin that looks for it; to people it is not there. */
const isForbidden = (error: unknown) =>
  error instanceof HttpException && (error.getStatus() as HttpStatus) === HttpStatus.FORBIDDEN;

/**
 * Answers whoever looks for a page that is not there with the site, which says so in their language; the status says it to
 * everybody else.
 */
@Catch()
export class MissingPageFilter extends BaseExceptionFilter {
  override catch(error: unknown, host: ArgumentsHost): void {
    if (error instanceof NotFoundException) this.missing(error, host);
    else if (isForbidden(error)) this.missing(new NotFoundException(), host);
    else super.catch(error, host);
  }

  private missing(error: NotFoundException, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>().status(404);
    const [path = ''] = request.url.split('?');
    const isVisit =
      /^(GET|HEAD)$/.test(request.method) && (request.headers.accept ?? '').includes('text/html');
    if (!isVisit || FILES.test(path)) return void reply.send(error.getResponse());
    // Without anything that a browser could ask about later: 304 would mean that the page is there.
    void reply
      .header('cache-control', 'no-store')
      .sendFile('index.html', { etag: false, lastModified: false, cacheControl: false });
  }
}
