#include "front/shared.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/clock.h"
#include "front/token.h"

namespace tributary::lab {

namespace {

constexpr std::uint64_t sequence_step = 100'000;  // the product's default inner step

}  // namespace

Answer<mysql::Connection*> Sequences::connection() {
  if (!connection_) {
    auto opened = mysql::Connection::open(endpoint_);
    if (!opened) return std::unexpected(from_storage(opened.error(), 0));
    connection_ = std::make_unique<mysql::Connection>(std::move(*opened));
  }
  return connection_.get();
}

Answer<void> Sequences::reserve(const std::string& table, Range& range, std::uint64_t count) {
  TRY_VALUE(mysql::Connection * server, connection());
  const std::string name = quote_text("AUTO_SEQ_" + table);
  const auto run = [&](const std::string& sql) -> Answer<void> {
    if (const auto done = server->execute(sql); !done) {
      const SqlError error = from_storage(done.error(), server->server_errno());
      connection_.reset();
      return std::unexpected(error);
    }
    return {};
  };
  auto value = server->query(fmt::format("SELECT value FROM sequence WHERE name = {}", name));
  if (!value) {
    connection_.reset();
    return std::unexpected(from_storage(value.error(), 0));
  }
  std::uint64_t stored = 0;
  const bool known = !value->rows.empty();
  if (known) {
    const std::string_view text = value->text(0, "value");
    std::from_chars(text.data(), text.data() + text.size(), stored);
  }
  const std::uint64_t next = std::max({stored + 1, range.next, std::uint64_t{1}});
  const std::uint64_t end = next + std::max(count, sequence_step);
  if (known) {
    TRY(run(fmt::format("UPDATE sequence SET value = {}, gmt_modified = NOW() WHERE name = {}", end - 1, name)));
  } else {
    TRY(run(fmt::format("INSERT INTO sequence (name, value, gmt_modified) VALUES ({}, {}, NOW())", name, end - 1)));
  }
  range = {next, end};
  return {};
}

Answer<std::uint64_t> Sequences::take(const std::string& table, std::uint64_t count) {
  const std::lock_guard lock(mutex_);
  Range& range = ranges_[lower(table)];
  if (range.next + count > range.end || range.next == 0) TRY(reserve(lower(table), range, count));
  const std::uint64_t first = range.next;
  range.next += count;
  return first;
}

Answer<void> Sequences::raise(const std::string& table, std::uint64_t used) {
  const std::lock_guard lock(mutex_);
  Range& range = ranges_[lower(table)];
  if (used < range.next) return {};
  const bool inside = used + 1 < range.end;
  range.next = used + 1;
  if (!inside) TRY(reserve(lower(table), range, 1));
  return {};
}

Answer<void> Sequences::remove(const std::string& table) {
  const std::lock_guard lock(mutex_);
  ranges_.erase(lower(table));
  TRY_VALUE(mysql::Connection * server, connection());
  const auto done =
      server->execute(fmt::format("DELETE FROM sequence WHERE name = {}", quote_text("AUTO_SEQ_" + lower(table))));
  if (!done) return std::unexpected(from_storage(done.error(), server->server_errno()));
  return {};
}

Answer<void> Sequences::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  ranges_.erase(lower(from));
  ranges_.erase(lower(to));
  TRY_VALUE(mysql::Connection * server, connection());
  const auto done =
      server->execute(fmt::format("UPDATE sequence SET name = {} WHERE name = {}", quote_text("AUTO_SEQ_" + lower(to)),
                                  quote_text("AUTO_SEQ_" + lower(from))));
  if (!done) return std::unexpected(from_storage(done.error(), server->server_errno()));
  return {};
}

mysql::Endpoint Shared::endpoint(int shard) const {
  const Shard& of = catalogue->shards()[static_cast<std::size_t>(shard)];
  const auto& storage = config.storage[static_cast<std::size_t>(of.storage)];
  return {.host = storage.host,
          .port = storage.port,
          .user = storage.user,
          .password = storage.password,
          .database = of.database};
}

std::string Shared::address() const { return fmt::format("127.0.0.1:{}", port); }

std::uint64_t Shared::next_id() {
  const auto now = static_cast<std::uint64_t>(base::SystemClock::instance().now_ms()) << 22;
  std::uint64_t last = last_id_.load(), next = 0;
  do {
    next = std::max(now, last + 1);
  } while (!last_id_.compare_exchange_weak(last, next));
  return next;
}

}  // namespace tributary::lab
