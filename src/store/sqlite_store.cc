// SQLite as the embedded store: one file, one table. WAL, so that readers of the file (backups) don't stop the writer;
// synchronous=FULL, because a checkpoint lost in a power cut would repeat more than the last moments, and a save is one
// small fsync a few times per second, off the rows' way.
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>

#include "store/store.h"

namespace tributary::store {

using base::ErrorCode;
using base::fail;
using base::Result;
using base::Status;

namespace {

std::filesystem::path database_path(const std::filesystem::path& state_dir) { return state_dir / "tributary.db"; }

std::filesystem::path lock_path(const std::filesystem::path& state_dir) { return state_dir / "tributary.lock"; }

constexpr int schema_version = 1;
constexpr int application_id = 0x54524942;  // "TRIB": tells our files from other SQLite files
constexpr int busy_timeout_ms = 2000;       // a backup may hold the file for a moment

// Held by the open file, so it ends with the process however that ends.
class FolderLock {
 public:
  ~FolderLock() {
    if (file_ >= 0) ::close(file_);
  }
  Status take(const std::filesystem::path& path) {
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file_ < 0) return fail(ErrorCode::task_state_unusable, std::strerror(errno), path.string());
    if (::flock(file_, LOCK_EX | LOCK_NB) == 0) return {};
    if (errno == EWOULDBLOCK) return fail(ErrorCode::task_state_in_use, {}, path.parent_path().string());
    return fail(ErrorCode::task_state_unusable, std::strerror(errno), path.string());
  }

 private:
  int file_ = -1;
};

struct Close {
  void operator()(sqlite3* p) const { sqlite3_close_v2(p); }
  void operator()(sqlite3_stmt* p) const { sqlite3_finalize(p); }
};

class SqliteStore final : public Store {
 public:
  Status open(const std::filesystem::path& state_dir) {
    std::error_code problem;
    std::filesystem::create_directories(state_dir, problem);
    if (problem) return fail(ErrorCode::task_state_unusable, problem.message(), state_dir.string());
    TRY(lock_.take(lock_path(state_dir)));
    path_ = database_path(state_dir).string();
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path_.c_str(), &opened,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    db_.reset(opened);
    if (code != SQLITE_OK) return trouble();
    sqlite3_busy_timeout(db_.get(), busy_timeout_ms);
    TRY(execute("PRAGMA journal_mode=WAL"));
    TRY(execute("PRAGMA synchronous=FULL"));
    return prepare_schema();
  }

  Status open_for_reading(const std::filesystem::path& state_dir) {
    path_ = database_path(state_dir).string();
    sqlite3* opened = nullptr;
    const int code = sqlite3_open_v2(path_.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
    db_.reset(opened);
    if (code != SQLITE_OK) return trouble();
    sqlite3_busy_timeout(db_.get(), busy_timeout_ms);
    return check_schema();
  }

  Result<std::optional<Entry>> get(std::string_view key) override {
    std::lock_guard lock(mutex_);
    TRY_VALUE(const auto statement, prepare("SELECT value, version FROM entry WHERE key = ?1"));
    bind(statement.get(), 1, key);
    TRY_VALUE(const bool found, step(statement.get()));
    if (!found) return std::optional<Entry>();
    return std::optional<Entry>(Entry{std::string(key), bytes(statement.get(), 0), number(statement.get(), 1)});
  }

  Status put_many(std::span<const Put> puts) override {
    std::lock_guard lock(mutex_);
    TRY(execute("BEGIN IMMEDIATE"));
    Status status = put_all(puts);
    if (status) status = execute("COMMIT");
    // A failed COMMIT may have ended the transaction already.
    if (!status && sqlite3_get_autocommit(db_.get()) == 0) (void)execute("ROLLBACK").has_value();
    return status;
  }

  Result<bool> erase(std::string_view key) override {
    std::lock_guard lock(mutex_);
    TRY_VALUE(const auto statement, prepare("DELETE FROM entry WHERE key = ?1"));
    bind(statement.get(), 1, key);
    TRY_VALUE([[maybe_unused]] const bool row, step(statement.get()));
    return sqlite3_changes(db_.get()) > 0;
  }

  Result<std::vector<Entry>> list(std::string_view prefix) override {
    std::lock_guard lock(mutex_);
    TRY_VALUE(const auto statement,
              prepare("SELECT value, version, key FROM entry WHERE substr(key, 1, ?2) = ?1 ORDER BY key"));
    bind(statement.get(), 1, prefix);
    sqlite3_bind_int64(statement.get(), 2, static_cast<sqlite3_int64>(prefix.size()));
    std::vector<Entry> entries;
    while (true) {
      TRY_VALUE(const bool more, step(statement.get()));
      if (!more) return entries;
      entries.push_back({bytes(statement.get(), 2), bytes(statement.get(), 0), number(statement.get(), 1)});
    }
  }

 private:
  using Statement = std::unique_ptr<sqlite3_stmt, Close>;

  std::unexpected<base::Error> trouble() const {
    const int code = sqlite3_extended_errcode(db_.get());
    const int kind = code & 0xff;
    const bool may_pass = kind == SQLITE_FULL || kind == SQLITE_IOERR || kind == SQLITE_READONLY || kind == SQLITE_BUSY;
    return fail(may_pass ? ErrorCode::task_state_unwritable : ErrorCode::task_state_unusable,
                fmt::format("{} ({})", sqlite3_errmsg(db_.get()), code), path_);
  }
  Status execute(const char* sql) {
    if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return trouble();
    return {};
  }
  Result<Statement> prepare(const char* sql) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v2(db_.get(), sql, -1, &made, nullptr) != SQLITE_OK) return trouble();
    return Statement(made);
  }
  Result<bool> step(sqlite3_stmt* statement) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    return trouble();
  }
  // The bytes must live until the statement is reset: they do, each statement ends with its call.
  static void bind(sqlite3_stmt* statement, int at, std::string_view value) {
    sqlite3_bind_blob64(statement, at, value.data() == nullptr ? "" : value.data(), value.size(), SQLITE_STATIC);
  }
  static std::string bytes(sqlite3_stmt* statement, int column) {
    const void* data = sqlite3_column_blob(statement, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
    return size == 0 ? std::string() : std::string(static_cast<const char*>(data), size);
  }
  static std::uint64_t number(sqlite3_stmt* statement, int column) {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement, column));
  }
  Result<std::int64_t> pragma(const char* sql) {
    TRY_VALUE(const auto statement, prepare(sql));
    TRY_VALUE([[maybe_unused]] const bool row, step(statement.get()));
    return sqlite3_column_int64(statement.get(), 0);
  }

  Status prepare_schema() {
    TRY_VALUE(const std::int64_t version, pragma("PRAGMA user_version"));
    TRY_VALUE(const std::int64_t application, pragma("PRAGMA application_id"));
    if (version == 0 && application == 0) {
      TRY_VALUE(const std::int64_t foreign_tables, pragma("SELECT count(*) FROM sqlite_master"));
      if (foreign_tables != 0)
        return fail(ErrorCode::task_state_unusable, "the file belongs to another program", path_);
      return execute(
          fmt::format("BEGIN IMMEDIATE;"
                      "CREATE TABLE entry (key BLOB PRIMARY KEY, value BLOB NOT NULL, version INTEGER NOT NULL)"
                      " WITHOUT ROWID;"
                      "PRAGMA application_id = {}; PRAGMA user_version = {}; COMMIT",
                      application_id, schema_version)
              .c_str());
    }
    return check_schema();
  }

  Status check_schema() {
    TRY_VALUE(const std::int64_t version, pragma("PRAGMA user_version"));
    TRY_VALUE(const std::int64_t application, pragma("PRAGMA application_id"));
    if (application != application_id)
      return fail(ErrorCode::task_state_unusable, "the file belongs to another program", path_);
    if (version > schema_version)
      return fail(ErrorCode::task_state_newer,
                  fmt::format("version {}, this release knows {}", version, schema_version), path_);
    return {};
  }

  Status put_all(std::span<const Put> puts) {
    TRY_VALUE(const auto version, prepare("SELECT version FROM entry WHERE key = ?1"));
    TRY_VALUE(const auto write, prepare("INSERT INTO entry (key, value, version) VALUES (?1, ?2, 1) ON CONFLICT (key) "
                                        "DO UPDATE SET value = excluded.value, version = version + 1"));
    for (const Put& put : puts) {
      if (put.expected_version) {
        bind(version.get(), 1, put.key);
        TRY_VALUE(const bool found, step(version.get()));
        const std::uint64_t present = found ? number(version.get(), 0) : 0;
        sqlite3_reset(version.get());
        if (present != *put.expected_version)
          return fail(ErrorCode::task_state_in_use,
                      fmt::format("'{}' has version {} where {} was expected", put.key, present, *put.expected_version),
                      path_);
      }
      bind(write.get(), 1, put.key);
      bind(write.get(), 2, put.value);
      TRY_VALUE([[maybe_unused]] const bool row, step(write.get()));
      sqlite3_reset(write.get());
    }
    return {};
  }

  FolderLock lock_;
  std::string path_;
  std::mutex mutex_;
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::filesystem::path& state_dir) {
  auto store = std::make_unique<SqliteStore>();
  TRY(store->open(state_dir));
  return store;
}

Result<std::unique_ptr<Store>> read_sqlite(const std::filesystem::path& state_dir) {
  auto store = std::make_unique<SqliteStore>();
  TRY(store->open_for_reading(state_dir));
  return store;
}

bool exists_sqlite(const std::filesystem::path& state_dir) {
  std::error_code ignored;
  return std::filesystem::exists(database_path(state_dir), ignored);
}

bool is_in_use(const std::filesystem::path& state_dir) {
  struct stat status {};
  if (::stat(lock_path(state_dir).c_str(), &status) != 0) return false;
  // Lines of the kernel: 5: FLOCK  ADVISORY  WRITE 4711 fe:01:393245 0 EOF
  const std::string wanted = fmt::format("{:02x}:{:02x}:{}", major(status.st_dev), minor(status.st_dev), status.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    for (std::string word; words >> word;)
      if (word == wanted && line.find("FLOCK") != std::string::npos) return true;
  }
  return false;
}

}  // namespace tributary::store
