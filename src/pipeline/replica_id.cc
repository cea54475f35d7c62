#include "pipeline/replica_id.h"

#include <fmt/format.h>

#include <map>

namespace tributary::pipeline {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// Server ids in use at the server, each with who has it. Replicas are listed only as far as we may see them.
Result<std::map<std::string, std::string>> taken_ids(mysql::Connection& connection) {
  std::map<std::string, std::string> taken;
  const bool new_name = connection.flavour() == mysql::Flavour::mysql && connection.version_number() >= 80022;
  if (const auto hosts = connection.query(new_name ? "SHOW REPLICAS" : "SHOW SLAVE HOSTS"))
    for (std::size_t i = 0; i < hosts->rows.size(); ++i)
      taken[std::string(hosts->text(i, "Server_id"))] =
          fmt::format("the replica {}:{}", hosts->text(i, "Host"), hosts->text(i, "Port"));
  TRY_VALUE(const std::string own, connection.scalar("SELECT @@global.server_id"));
  taken[own] = "the server itself";
  return taken;
}

}  // namespace

ReplicaId make_replica_id(const Config& config, std::string_view instance, std::uint32_t attempt) {
  const std::string name = fmt::format("{}\n{}\n{}\n{}", config.task, config.fingerprint, instance, attempt);
  const std::uint64_t high = fnv1a("uuid " + name), low = fnv1a(name + " uuid");
  ReplicaId id;
  id.server_id = config.server_id != 0 ? config.server_id
                                       : 1'000'000'000 + static_cast<std::uint32_t>(fnv1a(name) % 1'000'000'000);
  id.uuid = fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xfff,
                        0x8000 | (low >> 48 & 0x3fff), low & 0xffffffffffff);
  return id;
}

Result<ReplicaId> choose_replica_id(mysql::Connection& connection, const Config& config, std::string_view instance,
                                    std::uint32_t& attempt) {
  TRY_VALUE(const auto taken, taken_ids(connection));
  while (true) {
    ReplicaId id = make_replica_id(config, instance, attempt);
    const auto found = taken.find(fmt::format("{}", id.server_id));
    if (found == taken.end()) return id;
    if (config.server_id != 0)
      return fail(ErrorCode::source_server_id, fmt::format("{} is that of {}", id.server_id, found->second),
                  std::string(instance));
    ++attempt;
  }
}

}  // namespace tributary::pipeline
