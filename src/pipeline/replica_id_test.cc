#include "pipeline/replica_id.h"

#include <gtest/gtest.h>

namespace tributary::pipeline {
namespace {

TEST(ReplicaId, IsTheSameForTheSameTaskAndInstanceAndDiffersOtherwise) {
  Config config;
  config.task = "shop";
  config.fingerprint = "0123";
  const ReplicaId id = make_replica_id(config, "a:3306", 0), again = make_replica_id(config, "a:3306", 0);
  EXPECT_EQ(id.server_id, again.server_id);
  EXPECT_EQ(id.uuid, again.uuid);
  Config other = config;
  other.fingerprint = "4567";
  for (const ReplicaId& differs : {make_replica_id(config, "b:3306", 0), make_replica_id(config, "a:3306", 1),
                                   make_replica_id(other, "a:3306", 0)}) {
    EXPECT_NE(differs.server_id, id.server_id);
    EXPECT_NE(differs.uuid, id.uuid);
    EXPECT_GE(differs.server_id, 1'000'000'000u);
    EXPECT_LT(differs.server_id, 2'000'000'000u);
  }
  EXPECT_TRUE(model::GtidSet::parse(id.uuid + ":1")) << id.uuid << " is no UUID";
}

TEST(ReplicaId, IsWhatTheTaskNames) {
  Config config;
  config.server_id = 77;
  EXPECT_EQ(make_replica_id(config, "a:3306", 0).server_id, 77u);
  EXPECT_NE(make_replica_id(config, "a:3306", 0).uuid, make_replica_id(config, "b:3306", 0).uuid);
}

}  // namespace
}  // namespace tributary::pipeline
