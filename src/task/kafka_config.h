// From what a task file says about a Kafka cluster to what the client library's wrapper takes. Threads: any.
#pragma once

#include "kafka/client.h"
#include "sink/partitioner.h"
#include "task/spec.h"

namespace tributary::task {

// For consumers and admin requests.
kafka::Config kafka_config(const KafkaAccess& access);
// For producers: compression and record size too.
kafka::Config kafka_config(const Destination& destination);
sink::PartitionPolicy partition_policy(PartitionBy by);

}  // namespace tributary::task
