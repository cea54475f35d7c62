// A place in one server's binlog, and sets of global transaction ids.
// Sources: MySQL Internals "GTID", MariaDB KB "Global Transaction ID". Threads: values.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tributary::model {

// File name and byte offset of the end of an event (where the next one starts).
struct BinlogPosition {
  std::string file;  // mysql-bin.000012
  std::uint64_t offset = 0;

  // The number behind the last dot: 12. 0 if there is none.
  std::uint64_t file_number() const;
  bool empty() const { return file.empty(); }
  // "offset@file number", as DTS writes it.
  std::string dts_text() const;
  std::string text() const;  // mysql-bin.000012:4711
  std::strong_ordering operator<=>(const BinlogPosition& other) const;
  bool operator==(const BinlogPosition& other) const { return (*this <=> other) == 0; }
};

// A set of transactions. MySQL: uuid[:tag]:intervals. MariaDB: the last sequence number per domain, with its server id.
// An empty set has no flavour and takes that of the first thing added.
class GtidSet {
 public:
  static base::Result<GtidSet> parse(std::string_view text);

  bool empty() const { return mysql_.empty() && mariadb_.empty(); }
  bool is_mariadb() const { return !mariadb_.empty(); }
  // source: 32 hex digits with dashes, or "uuid:tag".
  void add_mysql(std::string_view source, std::uint64_t number);
  void add_mariadb(std::uint32_t domain, std::uint32_t server_id, std::uint64_t sequence);
  bool contains_mysql(std::string_view source, std::uint64_t number) const;
  bool contains_mariadb(std::uint32_t domain, std::uint64_t sequence) const;
  // True when every transaction of `other` is in this set.
  bool contains(const GtidSet& other) const;
  // The transactions of this set that `other` lacks. MariaDB: a domain stays, whole, if `other` has less of it.
  GtidSet without(const GtidSet& other) const;
  // The transactions of both. MariaDB: per domain the lower of the two places, by sequence number.
  GtidSet common(const GtidSet& other) const;
  std::string text() const;

  struct Interval {
    std::uint64_t first, last;  // both included
    bool operator==(const Interval&) const = default;
  };
  struct MariaDbGtid {
    std::uint32_t server_id;
    std::uint64_t sequence;
    bool operator==(const MariaDbGtid&) const = default;
  };
  const std::map<std::string, std::vector<Interval>, std::less<>>& mysql() const { return mysql_; }
  const std::map<std::uint32_t, MariaDbGtid>& mariadb() const { return mariadb_; }
  bool operator==(const GtidSet&) const = default;

 private:
  std::map<std::string, std::vector<Interval>, std::less<>> mysql_;
  std::map<std::uint32_t, MariaDbGtid> mariadb_;
};

}  // namespace tributary::model
