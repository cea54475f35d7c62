// How a logical table lies over the physical databases: names, counts, and the slot a key leads to.
//
// Names follow kernel 5.4.x: `orders_aB3x_07` (four random alphanumerics, mixed case, per logical table),
// `t_order_dThb` when only databases are split; hash suffixes count over all shards, date suffixes restart in every
// shard. Single and broadcast tables keep their own name. Single tables exist in every shard, their rows in shard 0
// only. Threads: values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "front/routing.h"

namespace tributary::lab {

inline constexpr std::string_view implicit_key = "_drds_implicit_id_";

enum class TableKind : std::uint8_t { sharded, broadcast, single, global_index };

struct ColumnInfo {
  std::string name;
  std::string type;  // as SHOW COLUMNS says: bigint(20) unsigned
  bool auto_increment = false;
  bool primary = false;
  bool generated = false;

  bool is_integer() const;
  bool is_number() const;
  bool is_text() const;    // compared by a collation
  bool is_enum() const;    // ENUM and SET: compared by index
  bool is_binary() const;  // values that are bytes, BIT and geometry too
  bool is_float() const;   // FLOAT: text form loses digits
};

struct PhysicalTable {
  int shard = 0;
  std::string name;

  auto operator<=>(const PhysicalTable&) const = default;
};

struct TableDef {
  std::string name;
  TableKind kind = TableKind::single;
  std::string random;          // four alphanumerics; empty: physical names are the logical one
  std::string db_key, tb_key;  // empty: not split that way
  ShardFunction tb_function = ShardFunction::none;
  int db_count = 1, tb_count = 1;
  bool implicit_id = false;
  std::vector<ColumnInfo> columns;  // physical order, the implicit id included

  std::string base;  // global index: the table it belongs to
  bool unique = false;
  std::vector<std::string> index_columns, covering;  // global index
  std::vector<std::string> global_indexes;           // base table: names of its indexes
  std::vector<PhysicalTable> extra;                  // shards no key leads to; see stage.h

  bool is_sharded() const { return kind == TableKind::sharded || kind == TableKind::global_index; }
  bool same_key() const;
  int column(std::string_view column_name) const;  // -1 if absent
  const ColumnInfo* find(std::string_view column_name) const;
  const ColumnInfo* auto_increment() const;  // the implicit id too
  std::vector<std::string> primary_key() const;
};

std::string physical_name(const TableDef& table, int shard, int slot);
// Every table SHOW TOPOLOGY lists, in its order.
std::vector<PhysicalTable> topology(const TableDef& table, int shard_count);
// As topology, with the empty twins of single tables: what DDL touches.
std::vector<PhysicalTable> everywhere(const TableDef& table, int shard_count);
// The tables that can hold rows with these keys; an absent key matches any value. One for INSERT when both are given.
// Nothing when a date key holds no date.
std::optional<std::vector<PhysicalTable>> route(const TableDef& table, int shard_count,
                                                const std::optional<KeyValue>& db_value,
                                                const std::optional<KeyValue>& tb_value);

// "dbpartition by hash(`a`) tbpartition by hash(`b`) tbpartitions 4", "broadcast" or "".
std::string shard_clause(const TableDef& table);
// `orders_aB3x_{00}`; the name itself when tables are not split.
std::string table_pattern(const TableDef& table);

}  // namespace tributary::lab
