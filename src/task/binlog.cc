#include "task/binlog.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "source/binlog/log_walk.h"
#include "source/binlog/xa.h"

namespace tributary::task {
namespace {

using source::EventType;
using source::LogEvent;
using source::RowChange;

const std::string* text_field(const LogEvent& event, std::string_view name) {
  for (const BinlogField& field : event.fields)
    if (field.name == name) return std::get_if<std::string>(&field.value);
  return nullptr;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// What --table lets through.
class Filter {
 public:
  explicit Filter(const std::vector<std::string>& tables) {
    for (const std::string& wanted : tables) {
      const std::size_t dot = wanted.find('.');
      wanted_.push_back({wanted.substr(0, dot), dot == std::string::npos ? "" : wanted.substr(dot + 1)});
    }
  }
  bool is_on() const { return !wanted_.empty(); }
  bool wants(std::string_view database, std::string_view table) const {
    return std::ranges::any_of(wanted_, [&](const Name& name) {
      return name.database == database && (name.table.empty() || name.table == table);
    });
  }
  bool wants(const LogEvent& event) const {
    if (!is_on()) return true;
    if (event.is_table_event()) return event.map != nullptr && wants(event.map->database(), event.map->table());
    const std::string* sql = text_field(event, "sql");
    if (sql == nullptr || event.header.type == EventType::rows_query || event.header.type == EventType::annotate_rows)
      return false;
    const std::string* database = text_field(event, "database");
    const std::string text = lower(*sql);
    return std::ranges::any_of(wanted_, [&](const Name& name) {
      const bool is_in = (database != nullptr && *database == name.database) || text.contains(lower(name.database));
      return is_in && text != "begin" && text != "commit" && text.contains(lower(name.table));
    });
  }

 private:
  struct Name {
    std::string database, table;
  };
  std::vector<Name> wanted_;
};

class Counter {
 public:
  explicit Counter(BinlogStatistics& to) : to_(to) {}

  void count(const LogEvent& event) {
    BinlogStatistics::Type& type = to_.types[type_name(event)];
    ++type.events;
    type.bytes += event.header.size;
    if (!event.is_inner) {
      ++to_.events;
      to_.bytes += event.header.size;
    }
    if (event.header.timestamp != 0 && !event.header.is_artificial()) {
      if (to_.first_time == 0) to_.first_time = event.header.timestamp;
      to_.first_time = std::min<std::uint64_t>(to_.first_time, event.header.timestamp);
      to_.last_time = std::max<std::uint64_t>(to_.last_time, event.header.timestamp);
    }
    count_transaction(event);
  }
  void count_row(const LogEvent& event) {
    BinlogStatistics::Table& table = of(event);
    ++(event.change == RowChange::insert   ? table.inserts
       : event.change == RowChange::update ? table.updates
                                           : table.deletes);
    ++to_.rows;
  }
  void count_undecoded(const LogEvent& event) {
    if (event.map != nullptr) ++of(event).undecoded;
  }

  static std::string type_name(const LogEvent& event) {
    const std::string_view name = to_string(event.header.type);
    return name == "Unknown" ? fmt::format("Unknown ({})", static_cast<unsigned>(event.header.type))
                             : std::string(name);
  }

 private:
  BinlogStatistics::Table& of(const LogEvent& event) {
    return to_.tables[fmt::format("{}.{}", event.map->database(), event.map->table())];
  }

  // What ends one: an Xid or COMMIT, an XA decision, and a statement that stands alone.
  void count_transaction(const LogEvent& event) {
    switch (event.header.type) {
      case EventType::xid:
        ++to_.transactions;
        is_open_ = false;
        return;
      case EventType::xa_prepare: {
        const auto one_phase = std::ranges::find(event.fields, "one_phase", &BinlogField::name);
        if (one_phase != event.fields.end() && std::get<bool>(one_phase->value)) ++to_.transactions;
        is_open_ = false;
        return;
      }
      case EventType::mariadb_gtid: {
        const auto flags = std::ranges::find(event.fields, "flags", &BinlogField::name);
        is_open_ = true;  // without a BEGIN of its own
        if (flags == event.fields.end()) return;
        const auto& names = std::get<std::vector<std::string>>(flags->value);
        is_open_ = std::ranges::find(names, "standalone") == names.end();
        return;
      }
      case EventType::query:
      case EventType::query_compressed:
      case EventType::execute_load_query:
        break;
      default:
        return;
    }
    const std::string* sql = text_field(event, "sql");
    if (sql == nullptr) return;
    if (*sql == "BEGIN") {
      is_open_ = true;
    } else if (*sql == "COMMIT") {
      ++to_.transactions;
      is_open_ = false;
    } else if (*sql == "ROLLBACK") {
      is_open_ = false;
    } else if (const auto xa = source::parse_xa_statement(*sql); xa && *xa) {
      is_open_ = (*xa)->verb == source::XaVerb::start || (*xa)->verb == source::XaVerb::end;
      if ((*xa)->verb == source::XaVerb::commit) ++to_.transactions;
    } else if (!is_open_ && text_field(event, "note") == nullptr) {
      ++to_.transactions;
    }
  }

  BinlogStatistics& to_;
  bool is_open_ = false;
};

class Visitor : public source::LogVisitor {
 public:
  Visitor(const BinlogOptions& options, const BinlogHandlers& handlers, base::CancelToken& cancel,
          BinlogStatistics& statistics)
      : options_(options), handlers_(handlers), cancel_(cancel), filter_(options.tables), counter_(statistics) {}

  BinlogFileEnd file;
  bool is_stopped = false;

  void on_event(const LogEvent& event) override {
    is_told_ = filter_.wants(event) && !is_stopped;
    if (!event.is_inner) {
      ++file.events;
      file.position = event.end;
    }
    if (!is_told_) return;
    counter_.count(event);
    fill(event);
    if (handlers_.on_event && !handlers_.on_event(told_)) stop();
  }
  bool wants_rows(const LogEvent&) override { return options_.rows && is_told_ && !is_stopped; }
  void on_row(const LogEvent& event, const std::vector<model::Value>& before,
              const std::vector<model::Value>& after) override {
    counter_.count_row(event);
    ++file.rows;
    if (!handlers_.on_row || is_stopped) return;
    row_.change = event.change == RowChange::insert   ? "insert"
                  : event.change == RowChange::update ? "update"
                                                      : "delete";
    row_.columns = event.schema->columns;
    fill(*event.schema, before, row_.before);
    fill(*event.schema, after, row_.after);
    if (!handlers_.on_row(told_, row_)) stop();
  }
  void on_event_end(const LogEvent& event) override {
    const bool has_rows = event.has_rows && is_told_;
    if (has_rows && !event.undecoded.empty()) counter_.count_undecoded(event);
    const bool is_payload = event.header.type == EventType::transaction_payload && !filter_.is_on();
    if (!(has_rows || is_payload) || is_stopped) return;
    if (is_payload) fill(event);
    told_.undecoded = event.undecoded;
    if (handlers_.on_event_end && !handlers_.on_event_end(told_)) stop();
  }

 private:
  void stop() {
    is_stopped = true;
    cancel_.request();
  }
  void fill(const LogEvent& event) {
    type_ = Counter::type_name(event);
    told_ = {};
    told_.begin = event.begin;
    told_.end = event.end;
    told_.is_inner = event.is_inner;
    told_.inner_offset = event.inner_offset;
    told_.timestamp = event.header.timestamp;
    told_.type_number = static_cast<std::uint8_t>(event.header.type);
    told_.type = type_;
    told_.length = event.header.size;
    told_.server_id = event.header.server_id;
    told_.flags = source::flag_names(event.header.flags);
    told_.fields = event.fields;
    told_.has_rows = event.has_rows;
    told_.undecoded = event.undecoded;
    if (event.map == nullptr) return;
    told_.database = event.map->database();
    told_.table = event.map->table();
    if (event.header.type != EventType::table_map) return;
    if (event.schema != nullptr) {
      for (const model::Column& column : event.schema->columns)
        told_.columns.push_back({column.name, column_type_text(column), column.is_nullable});
    } else {
      for (const source::WireColumn& column : event.map->columns())
        told_.columns.push_back({"", std::string(to_string(column.type)), column.is_nullable});
    }
  }
  static void fill(const model::TableSchema& schema, const std::vector<model::Value>& values,
                   std::vector<BinlogValue>& out) {
    out.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) make_binlog_value(schema.columns[i], values[i], out[i]);
  }

  const BinlogOptions& options_;
  const BinlogHandlers& handlers_;
  base::CancelToken& cancel_;
  const Filter filter_;
  Counter counter_;
  bool is_told_ = true;
  std::string type_;
  BinlogEvent told_;
  BinlogRow row_;
};

}  // namespace

base::Result<BinlogSummary> walk_binlogs(const BinlogOptions& options, base::CancelToken& cancel,
                                         const BinlogHandlers& handlers) {
  BinlogSummary summary;
  Visitor visitor(options, handlers, cancel, summary.statistics);
  source::LogWalker walker(visitor);
  for (std::size_t i = 0; i < options.files.size() && !visitor.is_stopped; ++i) {
    visitor.file = {.file = options.files[i] == "-" ? "standard input" : options.files[i]};
    if (handlers.on_file) handlers.on_file(visitor.file.file);
    ++summary.statistics.files;
    source::LogRange range;
    if (i == 0) range.from = options.from;
    if (i + 1 == options.files.size()) range.to = options.to;
    const auto walk = [&]() -> base::Status {
      TRY_VALUE(const auto file, source::LogFile::open(options.files[i]));
      return walker.walk(*file, range, cancel);
    };
    const base::Status done = walk();
    if (!done && done.error().is_cancelled()) {
      if (visitor.is_stopped) break;
      return base::fail(done.error());
    }
    if (!done) {
      visitor.file.is_damaged = true;
      ++summary.damaged_files;
      if (handlers.on_damage) handlers.on_damage(done.error());
    }
    if (handlers.on_file_end) handlers.on_file_end(visitor.file);
    if (!done && !options.keep_going) break;
  }
  return summary;
}

}  // namespace tributary::task
