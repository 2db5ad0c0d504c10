export {
  consumerGroups,
  DispatchStreams,
  type ConsumerGroup,
  type StreamBacklog,
} from './dispatch-streams.js';
export { ShardOwner, type ShardOwnerOptions, type ShardReader } from './shard-owner.js';
export { StreamConsumer, type StreamConsumerOptions, type StreamItem } from './stream-consumer.js';
