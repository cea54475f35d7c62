// What the front knows for good: the physical databases with their random names, and the logical tables. Kept as one
// JSON file in state_dir, written anew at each change.
//
// Threads: any; a table handed out stays valid and unchanged.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/error.h"
#include "front/layout.h"

namespace tributary::lab {

struct Shard {
  std::string database;  // shop_k3fz_0007
  std::string group;     // SHOP_1487767780814RGKKSHOP_K3FZ_0007_RDS
  int storage = 0;
  bool is_suspended = false;  // takes no writes, so SHOW DATASOURCES says
};

using TablePtr = std::shared_ptr<const TableDef>;

class Catalogue {
 public:
  // Reads state_dir/catalogue.json, or makes the names of a new database with `storages` instances.
  static base::Result<std::unique_ptr<Catalogue>> open(const std::string& state_dir, const std::string& database,
                                                       int storages, int databases_per_instance);

  const std::string& database() const { return database_; }
  const std::string& app_name() const { return app_name_; }  // SHOW DATASOURCES' SCHEMA
  const std::vector<Shard>& shards() const { return shards_; }
  int shard_count() const { return static_cast<int>(shards_.size()); }

  TablePtr find(std::string_view name) const;  // null if absent
  std::vector<TablePtr> tables() const;        // by name, global index tables too
  // Only while nobody else asks for shards(): see Gate.
  base::Status put_shard(int index, Shard shard);
  base::Status put(TableDef table);
  base::Status erase(std::string_view name);

 private:
  Catalogue() = default;
  base::Status load(const std::string& text);
  base::Status save() const;  // with mutex_ held

  // Fixed after open().
  std::string path_, database_, app_name_;
  std::vector<Shard> shards_;
  // Guarded by mutex_.
  mutable std::mutex mutex_;
  std::map<std::string, TablePtr> tables_;  // by lower-case name
};

// `count` characters, each one of `alphabet`, from the system's random source.
std::string random_text(int count, std::string_view alphabet);
inline constexpr std::string_view mixed_case = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
inline constexpr std::string_view upper_case = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
inline constexpr std::string_view lower_case = "0123456789abcdefghijklmnopqrstuvwxyz";

}  // namespace tributary::lab
