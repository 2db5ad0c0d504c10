import { Injectable } from '@nestjs/common';

/** What this gateway counts. */
@Injectable()
export class GatewayMetrics {
  private deliveries = 0;

  /** Messages handed to sockets: one for each message and member. */
  delivered(count: number): void {
    this.deliveries += count;
  }

  get deliveredTotal(): number {
    return this.deliveries;
  }
}
