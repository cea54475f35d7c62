#include "verify/disk.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <rocksdb/write_buffer_manager.h>

namespace tributary::verify {

using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

// Together the most that the store holds in memory, compactions apart.
constexpr std::size_t cache_bytes = 32u << 20, memtables_bytes = 20u << 20, memtable_bytes = 10u << 20;
constexpr std::size_t block_bytes = 8u << 10;
constexpr int files_max = 64;
constexpr double filter_bits = 10;

rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view view(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

Status to_status(const rocksdb::Status& status, const std::string& where) {
  if (status.ok()) return {};
  const bool is_locked = status.IsIOError() && status.ToString().find("lock") != std::string::npos;
  return base::fail(is_locked ? ErrorCode::task_state_in_use : ErrorCode::task_state_unusable, status.ToString(),
                    where);
}

rocksdb::Options make_options() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = memtable_bytes;
  options.max_write_buffer_number = 3;
  options.max_open_files = files_max;
  options.max_background_jobs = 2;
  options.max_subcompactions = 1;
  options.compression = rocksdb::kLZ4Compression;
  options.target_file_size_base = 64u << 20;
  options.max_bytes_for_level_base = 256u << 20;
  options.level0_file_num_compaction_trigger = 8;
  options.level0_slowdown_writes_trigger = 24;
  options.level0_stop_writes_trigger = 40;
  options.keep_log_file_num = 2;
  options.max_log_file_size = 1u << 20;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.02;
  options.compaction_readahead_size = 512u << 10;
  options.writable_file_max_buffer_size = 256u << 10;
  const auto cache = rocksdb::NewLRUCache(cache_bytes, 2);
  options.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(memtables_bytes, cache);
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = block_bytes;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(filter_bits));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

}  // namespace

struct Disk::State {
  std::unique_ptr<rocksdb::DB> db;
  std::string where;
};

struct Disk::Batch::Changes {
  rocksdb::WriteBatch batch;
};

struct Disk::Cursor::State {
  std::unique_ptr<rocksdb::Iterator> at;
  std::string end, where;
  rocksdb::Slice end_slice;
};

Disk::Disk(std::unique_ptr<State> state) : state_(std::move(state)) {}
Disk::~Disk() = default;

Result<std::unique_ptr<Disk>> Disk::open(const std::filesystem::path& folder) {
  std::error_code problem;
  std::filesystem::create_directories(folder, problem);
  if (problem) return base::fail(ErrorCode::task_state_unusable, problem.message(), folder.string());
  auto state = std::make_unique<State>();
  state->where = folder.string();
  rocksdb::DB* opened = nullptr;
  TRY(to_status(rocksdb::DB::Open(make_options(), state->where, &opened), state->where));
  state->db.reset(opened);
  return std::unique_ptr<Disk>(new Disk(std::move(state)));
}

Result<bool> Disk::get(std::string_view key, std::string& value) {
  value.clear();
  const rocksdb::Status status = state_->db->Get({}, slice(key), &value);
  if (status.IsNotFound()) return false;
  TRY(to_status(status, state_->where));
  return true;
}

Status Disk::write(Batch& batch) {
  rocksdb::WriteOptions options;
  options.disableWAL = true;
  TRY(to_status(state_->db->Write(options, &batch.changes_->batch), state_->where));
  batch.changes_->batch.Clear();
  return {};
}

Status Disk::flush() { return to_status(state_->db->Flush({}), state_->where); }

Disk::Batch::Batch() : changes_(std::make_unique<Changes>()) {}
Disk::Batch::~Batch() = default;
Disk::Batch::Batch(Batch&&) noexcept = default;
Disk::Batch& Disk::Batch::operator=(Batch&&) noexcept = default;

// Adding to a batch in memory fails only where it is limited in size, which ours is not.
void Disk::Batch::put(std::string_view key, std::string_view value) {
  changes_->batch.Put(slice(key), slice(value)).PermitUncheckedError();
}
void Disk::Batch::erase(std::string_view key) { changes_->batch.Delete(slice(key)).PermitUncheckedError(); }
void Disk::Batch::erase_range(std::string_view from, std::string_view to) {
  changes_->batch.DeleteRange(slice(from), slice(to)).PermitUncheckedError();
}
std::size_t Disk::Batch::bytes() const { return changes_->batch.GetDataSize(); }

Disk::Cursor::Cursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Disk::Cursor::~Cursor() = default;
Disk::Cursor::Cursor(Cursor&&) noexcept = default;
Disk::Cursor& Disk::Cursor::operator=(Cursor&&) noexcept = default;

bool Disk::Cursor::valid() const { return state_->at->Valid(); }
std::string_view Disk::Cursor::key() const { return view(state_->at->key()); }
std::string_view Disk::Cursor::value() const { return view(state_->at->value()); }
void Disk::Cursor::next() { state_->at->Next(); }
Status Disk::Cursor::status() const { return to_status(state_->at->status(), state_->where); }

Disk::Cursor Disk::scan(std::string_view prefix) const {
  auto state = std::make_unique<Cursor::State>();
  state->where = state_->where;
  state->end = behind_prefix(std::string(prefix));
  state->end_slice = state->end;
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &state->end_slice;
  options.fill_cache = false;
  options.readahead_size = 256u << 10;
  state->at.reset(state_->db->NewIterator(options));
  state->at->Seek(slice(prefix));
  return Cursor(std::move(state));
}

void append_sorted(std::string& key, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
}
void append_sorted(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
}

std::string behind_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace tributary::verify
