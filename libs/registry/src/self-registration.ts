import type { Instance, InstanceState, Registry } from './registry.js';

export interface SelfRegistrationOptions {
  readonly heartbeatIntervalMs: number;
  readonly onError?: (error: unknown) => void;
}

/** Keeps this process in the registry: heartbeats, state changes, and a farewell. */
export class SelfRegistration {
  private timer: NodeJS.Timeout | undefined;
  private instance: Instance;
  private load: () => number = () => 0;

  constructor(
    private readonly registry: Registry,
    instance: Omit<Instance, 'state' | 'load'>,
    private readonly options: SelfRegistrationOptions,
  ) {
    this.instance = { ...instance, state: 'starting', load: 0 };
  }

  get instanceId(): string {
    return this.instance.instanceId;
  }

  get state(): InstanceState {
    return this.instance.state;
  }

  /** Whether the registry has been told of this process, and not that it leaves. */
  get isAnnounced(): boolean {
    return this.timer !== undefined;
  }

  /** Where the instance's load figure comes from; read at each heartbeat. */
  reportLoad(load: () => number): void {
    this.load = load;
  }

  setAddress(address: string): void {
    this.instance = { ...this.instance, address };
  }

  /** Announces a state at once and keeps it alive. A failed heartbeat is reported and tried again at the next one. */
  async announce(state: InstanceState): Promise<void> {
    this.instance = { ...this.instance, state };
    this.timer ??= setInterval(
      () => void this.beat().catch((error: unknown) => this.options.onError?.(error)),
      this.options.heartbeatIntervalMs,
    );
    await this.beat();
  }

  /** Renews the lease now: after an outage, do not wait for the next heartbeat. */
  async beat(): Promise<void> {
    this.instance = { ...this.instance, load: this.load() };
    await this.registry.register(this.instance);
  }

  /** Leaves the registry; heartbeats end. */
  async leave(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    await this.registry.deregister(this.instance.service, this.instance.instanceId);
  }
}
