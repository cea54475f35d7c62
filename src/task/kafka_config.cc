#include "task/kafka_config.h"

namespace tributary::task {
namespace {

kafka::Security to_kafka(KafkaSecurity security) {
  switch (security) {
    case KafkaSecurity::plaintext:
      return kafka::Security::plaintext;
    case KafkaSecurity::plain:
      return kafka::Security::plain;
    case KafkaSecurity::scram_sha_256:
      return kafka::Security::scram_sha_256;
  }
  return kafka::Security::plaintext;
}

kafka::Compression to_kafka(Compression compression) {
  switch (compression) {
    case Compression::none:
      return kafka::Compression::none;
    case Compression::lz4:
      return kafka::Compression::lz4;
    case Compression::zstd:
      return kafka::Compression::zstd;
    case Compression::snappy:
      return kafka::Compression::snappy;
    case Compression::gzip:
      return kafka::Compression::gzip;
  }
  return kafka::Compression::none;
}

}  // namespace

kafka::Config kafka_config(const KafkaAccess& access) {
  kafka::Config config;
  config.brokers = access.brokers;
  config.security = to_kafka(access.security);
  config.username = access.credentials.user;
  config.password = access.credentials.password.reveal();
  config.tls = access.tls.enabled;
  config.tls_ca = access.tls.ca;
  config.overrides = access.client;
  return config;
}

kafka::Config kafka_config(const Destination& destination) {
  kafka::Config config = kafka_config(destination.kafka);
  config.compression = to_kafka(destination.compression);
  config.record_bytes_max = destination.max_record_bytes;
  return config;
}

sink::PartitionPolicy partition_policy(PartitionBy by) {
  switch (by) {
    case PartitionBy::zero:
      return sink::PartitionPolicy::zero;
    case PartitionBy::table:
      return sink::PartitionPolicy::table;
    case PartitionBy::key:
      break;
  }
  return sink::PartitionPolicy::key;
}

}  // namespace tributary::task
