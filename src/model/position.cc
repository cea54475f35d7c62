#include "model/position.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tributary::model {

using base::ErrorCode;
using base::fail;
using base::Result;

std::uint64_t BinlogPosition::file_number() const {
  const std::size_t dot = file.rfind('.');
  if (dot == std::string::npos) return 0;
  std::uint64_t number = 0;
  std::from_chars(file.data() + dot + 1, file.data() + file.size(), number);
  return number;
}

std::string BinlogPosition::dts_text() const { return fmt::format("{}@{}", offset, file_number()); }

std::string BinlogPosition::text() const { return fmt::format("{}:{}", file, offset); }

std::strong_ordering BinlogPosition::operator<=>(const BinlogPosition& other) const {
  if (file != other.file) {
    if (const auto order = file_number() <=> other.file_number(); order != 0) return order;
    return file <=> other.file;
  }
  return offset <=> other.offset;
}

namespace {

constexpr std::uint64_t number_max = INT64_MAX;  // the servers' own limit

// At least one number lies between them.
bool are_apart(std::uint64_t last, std::uint64_t first) { return last < first && first - last > 1; }

void insert_interval(std::vector<GtidSet::Interval>& intervals, GtidSet::Interval added) {
  auto at = std::lower_bound(intervals.begin(), intervals.end(), added,
                             [](const auto& a, const auto& b) { return are_apart(a.last, b.first); });
  if (at == intervals.end() || are_apart(added.last, at->first)) {
    intervals.insert(at, added);
    return;
  }
  at->first = std::min(at->first, added.first);
  at->last = std::max(at->last, added.last);
  auto next = at + 1;
  while (next != intervals.end() && !are_apart(at->last, next->first)) {
    at->last = std::max(at->last, next->last);
    next = intervals.erase(next);
  }
}

bool parse_number(std::string_view text, std::uint64_t& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc{} && end == text.data() + text.size() && !text.empty();
}

// Whether one of them holds all of `wanted`. Sets of servers with gaps have thousands.
bool holds(const std::vector<GtidSet::Interval>& intervals, const GtidSet::Interval& wanted) {
  const auto at = std::lower_bound(intervals.begin(), intervals.end(), wanted,
                                   [](const auto& a, const auto& b) { return a.last < b.first; });
  return at != intervals.end() && at->first <= wanted.first && wanted.last <= at->last;
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < 36; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !std::isxdigit(static_cast<unsigned char>(text[i]))) return false;
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

template <typename F>
void split(std::string_view text, char separator, F&& each) {
  while (true) {
    const std::size_t at = text.find(separator);
    each(trimmed(text.substr(0, at)));
    if (at == std::string_view::npos) return;
    text.remove_prefix(at + 1);
  }
}

}  // namespace

Result<GtidSet> GtidSet::parse(std::string_view text) {
  GtidSet set;
  bool ok = true;
  if (trimmed(text).empty()) return set;
  split(text, ',', [&](std::string_view item) {
    if (item.empty()) return;
    if (!is_uuid(item.substr(0, 36))) {  // MariaDB: domain-server-sequence
      std::uint64_t parts[3] = {};
      int count = 0;
      split(item, '-', [&](std::string_view part) {
        if (count < 3 && parse_number(part, parts[count]))
          ++count;
        else
          count = 9;
      });
      if (count != 3 || parts[0] > UINT32_MAX || parts[1] > UINT32_MAX) {
        ok = false;
        return;
      }
      set.add_mariadb(static_cast<std::uint32_t>(parts[0]), static_cast<std::uint32_t>(parts[1]), parts[2]);
      return;
    }
    std::string source(item.substr(0, 36));
    std::transform(source.begin(), source.end(), source.begin(), [](unsigned char c) { return std::tolower(c); });
    std::string tagged = source;
    item.remove_prefix(36);
    if (item.empty() || item.front() != ':') {
      ok = false;
      return;
    }
    item.remove_prefix(1);
    split(item, ':', [&](std::string_view part) {
      Interval interval{};
      const std::size_t dash = part.find('-');
      if (parse_number(part.substr(0, dash), interval.first)) {
        interval.last = interval.first;
        if (dash != std::string_view::npos && !parse_number(part.substr(dash + 1), interval.last)) ok = false;
        if (interval.first == 0 || interval.last < interval.first || interval.last > number_max) ok = false;
        if (ok) insert_interval(set.mysql_[tagged], interval);
      } else if (!part.empty() && part.size() <= 32 &&
                 (std::isalpha(static_cast<unsigned char>(part[0])) || part[0] == '_')) {
        tagged = source + ":" + std::string(part);
      } else {
        ok = false;
      }
    });
  });
  if (!ok || (!set.mysql_.empty() && !set.mariadb_.empty()))
    return fail(ErrorCode::data_value_malformed, fmt::format("'{}' is not a GTID set", text));
  return set;
}

void GtidSet::add_mysql(std::string_view source, std::uint64_t number) {
  auto found = mysql_.find(source);
  if (found == mysql_.end()) found = mysql_.emplace(std::string(source), std::vector<Interval>{}).first;
  auto& intervals = found->second;
  if (!intervals.empty() && number > 1 && intervals.back().last == number - 1) {  // the usual case
    intervals.back().last = number;
    return;
  }
  insert_interval(intervals, {number, number});
}

void GtidSet::add_mariadb(std::uint32_t domain, std::uint32_t server_id, std::uint64_t sequence) {
  mariadb_[domain] = {server_id, sequence};
}

bool GtidSet::contains_mysql(std::string_view source, std::uint64_t number) const {
  const auto found = mysql_.find(source);
  return found != mysql_.end() && holds(found->second, {number, number});
}

bool GtidSet::contains_mariadb(std::uint32_t domain, std::uint64_t sequence) const {
  const auto found = mariadb_.find(domain);
  return found != mariadb_.end() && sequence <= found->second.sequence;
}

bool GtidSet::contains(const GtidSet& other) const {
  for (const auto& [domain, gtid] : other.mariadb_)
    if (!contains_mariadb(domain, gtid.sequence)) return false;
  for (const auto& [source, intervals] : other.mysql_) {
    const auto found = mysql_.find(source);
    if (found == mysql_.end()) return false;
    for (const Interval& wanted : intervals)
      if (!holds(found->second, wanted)) return false;
  }
  return true;
}

GtidSet GtidSet::without(const GtidSet& other) const {
  GtidSet out;
  for (const auto& [domain, gtid] : mariadb_)
    if (!other.contains_mariadb(domain, gtid.sequence)) out.mariadb_[domain] = gtid;
  for (const auto& [source, intervals] : mysql_) {
    const auto found = other.mysql_.find(source);
    std::vector<Interval> left;
    for (const Interval& wanted : intervals) {
      std::uint64_t next = wanted.first;
      if (found != other.mysql_.end()) {
        for (const Interval& taken : found->second) {
          if (taken.last < next) continue;
          if (taken.first > wanted.last) break;
          if (taken.first > next) left.push_back({next, taken.first - 1});
          next = taken.last + 1;
        }
      }
      if (next <= wanted.last) left.push_back({next, wanted.last});
    }
    if (!left.empty()) out.mysql_[source] = std::move(left);
  }
  return out;
}

GtidSet GtidSet::common(const GtidSet& other) const {
  GtidSet out;
  for (const auto& [domain, gtid] : mariadb_)
    if (const auto found = other.mariadb_.find(domain); found != other.mariadb_.end())
      out.mariadb_[domain] = found->second.sequence < gtid.sequence ? found->second : gtid;
  GtidSet mysql;
  mysql.mysql_ = mysql_;
  out.mysql_ = mysql.without(mysql.without(other)).mysql_;
  return out;
}

std::string GtidSet::text() const {
  std::string out;
  for (const auto& [domain, gtid] : mariadb_)
    out += fmt::format("{}{}-{}-{}", out.empty() ? "" : ",", domain, gtid.server_id, gtid.sequence);
  for (const auto& [source, intervals] : mysql_) {
    out += fmt::format("{}{}", out.empty() ? "" : ",", source);
    for (const Interval& i : intervals)
      out += i.first == i.last ? fmt::format(":{}", i.first) : fmt::format(":{}-{}", i.first, i.last);
  }
  return out;
}

}  // namespace tributary::model
