export {
  consumerGroups,
  DispatchStreams,
  type ConsumerGroup,
  type StreamBacklog,
} from './dispatch-streams.js';
export { ShardOwner, type ShardOwnerOptions } from './shard-owner.js';
export { StreamConsumer, type StreamConsumerOptions, type StreamItem } from './stream-consumer.js';
