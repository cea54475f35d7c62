// What all clients of one front share.
// Threads: any; everything here is fixed after the start or guards itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "front/answer.h"
#include "front/catalogue.h"
#include "front/front.h"
#include "front/gate.h"

namespace tributary::lab {

inline constexpr std::string_view product_version = "5.6.29-TDDL-5.4.12-16327949";

// AUTO_INCREMENT BY GROUP: ranges of numbers, their upper end kept in shard 0's table `sequence`.
class Sequences {
 public:
  explicit Sequences(const mysql::Endpoint& endpoint) : endpoint_(endpoint) {}
  // The first of `count` numbers nobody else gets.
  Answer<std::uint64_t> take(const std::string& table, std::uint64_t count);
  // A row came with a number of its own: later ones lie behind it.
  Answer<void> raise(const std::string& table, std::uint64_t used);
  Answer<void> remove(const std::string& table);
  Answer<void> rename(const std::string& from, const std::string& to);

 private:
  struct Range {
    std::uint64_t next = 0, end = 0;
  };
  Answer<mysql::Connection*> connection();
  Answer<void> reserve(const std::string& table, Range& range, std::uint64_t count);

  const mysql::Endpoint endpoint_;
  std::mutex mutex_;
  std::unique_ptr<mysql::Connection> connection_;
  std::map<std::string, Range> ranges_;
};

// What SHOW commands tell beside the truth. Guards itself.
class Staged {
 public:
  struct Datasource {
    int shard = 0, storage = 0;
    std::string database, write_weight;
  };
  struct Listed {
    std::string name;
    bool is_view = false;
  };
  void add(Datasource row) {
    const std::lock_guard lock(mutex_);
    datasources_.push_back(std::move(row));
  }
  void list(std::string name, bool is_view) {
    const std::lock_guard lock(mutex_);
    listed_.push_back({std::move(name), is_view});
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    datasources_.clear();
    listed_.clear();
  }
  std::vector<Datasource> datasources() const {
    const std::lock_guard lock(mutex_);
    return datasources_;
  }
  std::vector<Listed> listed() const {
    const std::lock_guard lock(mutex_);
    return listed_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Datasource> datasources_;
  std::vector<Listed> listed_;
};

struct Shared {
  FrontConfig config;
  std::unique_ptr<Catalogue> catalogue;
  std::unique_ptr<Sequences> sequences;
  std::uint16_t port = 0;
  Gate gate;
  Staged staged;
  std::mutex ddl_mutex;  // one DDL statement at a time

  mysql::Endpoint endpoint(int shard) const;  // with the shard's database
  std::string address() const;                // 127.0.0.1:port
  // Rising ids, as the product makes them: milliseconds in the upper bits.
  std::uint64_t next_id();

 private:
  std::atomic<std::uint64_t> last_id_ = 0;
};

// Creates the physical databases and their system tables; decides prepared transactions a former run left.
base::Status prepare_storage(Shared& shared);

}  // namespace tributary::lab
