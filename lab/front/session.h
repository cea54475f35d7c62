// What one client's statements do: its variables, its transaction, and who carries each statement out.
// Threads: the client's own, except abort().
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "front/backend.h"
#include "front/token.h"

namespace tributary::lab {

// What the statement executors work with.
struct Work {
  Shared& shared;
  Backend& backend;
  std::uint64_t& last_insert_id;
  bool recycle_bin = false;

  const Catalogue& catalogue() const { return *shared.catalogue; }
  int shard_count() const { return shared.catalogue->shard_count(); }
};

class Session {
 public:
  Session(Shared& shared, std::uint32_t connection_id, std::string user);

  Answer<Outcome> run(std::string_view statement);
  Answer<void> use(std::string_view database);
  bool autocommit() const { return autocommit_; }
  bool in_transaction() const { return backend_.in_transaction(); }
  // [trace][ip:port][schema]
  std::string error_prefix() const;
  // Rolls back what is open; before the client's end.
  void close() {
    backend_.rollback();
    leave_gate();
  }
  void abort() { backend_.abort(); }

 private:
  void leave_gate();
  Answer<Outcome> dispatch(const Sql& sql);
  Answer<Outcome> read(const Sql& sql);
  Answer<Outcome> write(const Sql& sql);
  Answer<Outcome> define(const Sql& sql);
  Answer<Outcome> hinted(const Sql& sql);
  Answer<Outcome> set(const Sql& sql);
  Answer<void> set_variable(std::string_view name, std::string_view value, std::string_view text);
  Answer<Outcome> selected_constants(const Sql& sql, bool& handled);
  Work work();

  Shared& shared_;
  Backend backend_;
  const std::uint32_t connection_id_;
  const std::string user_;
  std::string database_;
  bool autocommit_ = true;
  bool recycle_bin_ = false;
  bool broken_ = false;  // a write of this transaction failed half-way: only ROLLBACK is taken
  bool inside_gate_ = false;
  std::uint64_t last_insert_id_ = 0;
};

}  // namespace tributary::lab
