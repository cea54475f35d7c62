#include "front/fan_out.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

namespace tributary::lab {

namespace {

constexpr std::size_t threads_max = 8;

struct ShardWork {
  int shard = 0;
  std::vector<std::size_t> statements;  // indexes into the whole
};

Answer<void> run_shard(Shared& shared, const std::vector<std::string>& settings,
                       const std::vector<ShardStatement>& statements, const ShardWork& work, std::vector<char>& done) {
  auto server = mysql::Connection::open(shared.endpoint(work.shard));
  if (!server) return std::unexpected(from_storage(server.error(), 0));
  const auto run = [&](const std::string& sql) -> Answer<void> {
    if (const auto result = server->execute(sql); !result)
      return std::unexpected(from_storage(result.error(), server->server_errno()));
    return {};
  };
  for (const auto& setting : settings) TRY(run(setting));
  for (const std::size_t at : work.statements) {
    TRY(run(statements[at].sql));
    done[at] = 1;
  }
  return {};
}

}  // namespace

Answer<void> run_on_shards(Shared& shared, const std::vector<std::string>& settings,
                           const std::vector<ShardStatement>& statements, std::vector<bool>* done) {
  std::map<int, ShardWork> by_shard;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    ShardWork& work = by_shard[statements[i].shard];
    work.shard = statements[i].shard;
    work.statements.push_back(i);
  }
  std::vector<ShardWork> all;
  for (auto& [shard, work] : by_shard) all.push_back(std::move(work));
  std::vector<char> succeeded(statements.size());
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::optional<SqlError> failed;  // guarded by mutex
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(all.size(), threads_max); ++i)
    threads.emplace_back([&] {
      for (std::size_t at = next++; at < all.size(); at = next++) {
        const auto result = run_shard(shared, settings, statements, all[at], succeeded);
        if (result) continue;
        const std::lock_guard lock(mutex);
        if (!failed) failed = result.error();
      }
    });
  for (auto& thread : threads) thread.join();
  if (done != nullptr) done->assign(succeeded.begin(), succeeded.end());
  if (failed) return std::unexpected(*failed);
  return {};
}

}  // namespace tributary::lab
