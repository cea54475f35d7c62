// Bodies of events that hold no rows. The first byte is the event's type, the second says how: any bytes as that body,
// or a body written here from the rest, which must be read as what was written.
#include <optional>

#include "input.h"
#include "source/binlog/event_body.h"
#include "source/binlog/table_map.h"

namespace {

using namespace tributary;
using fuzz::Input;
using fuzz::require;
using source::EventType;

source::EventView view_of(EventType type, std::string_view body) {
  source::EventView event;
  event.header.type = type;
  event.header.size = static_cast<std::uint32_t>(source::event_header_size + body.size());
  event.header.next_position = 4711;
  event.body = body;
  return event;
}

class Check {
 public:
  explicit Check(std::string_view body) : body_(body) {}

  template <typename T>
  bool is_read(const base::Result<T>& result) {
    if (result) return true;
    const base::Error& error = result.error();
    using enum base::ErrorCode;
    require(error.code == data_event_malformed || error.code == data_event_unsupported, "an error of the event",
            error.message());
    unsigned long at = 0;
    char behind = 0;
    require((error.code == data_event_unsupported && error.where.empty()) ||
                (std::sscanf(error.where.c_str(), "byte %lu of the even%c", &at, &behind) == 2 &&
                 at <= source::event_header_size + body_.size()),
            "the error names a byte of the event", error.message());
    return false;
  }
  void part(std::string_view view) {
    require(fuzz::lies_in(view, body_), "a view lies in the event");
    fuzz::touch(view);
  }
  void set(const base::Result<model::GtidSet>& set) {
    if (!is_read(set)) return;
    auto again = model::GtidSet::parse(set->text());
    require(again.has_value() && *again == *set, "a set reads back from its text", set->text());
  }

 private:
  std::string_view body_;
};

void check_any(EventType type, std::uint8_t post_header, std::string_view body) {
  source::FormatDescription format;
  if (post_header != 0) format.post_header_lengths[static_cast<std::uint8_t>(type)] = post_header;
  const source::EventView event = view_of(type, body);
  Check check(body);
  switch (type) {
    case EventType::rotate:
      if (auto rotate = parse_rotate(event, format); check.is_read(rotate)) {
        check.part(rotate->file);
        require(!rotate->file.empty(), "a file has a name");
      }
      return;
    case EventType::query:
    case EventType::query_compressed: {
      base::Buffer scratch;
      if (auto query = parse_query(event, format, scratch); check.is_read(query)) {
        check.part(query->database);
        check.part(query->time_zone);
        if (type == EventType::query) check.part(query->sql);
        fuzz::touch(query->sql);
      }
      return;
    }
    case EventType::xid:
      check.is_read(parse_xid(event));
      return;
    case EventType::gtid:
    case EventType::anonymous_gtid:
    case EventType::gtid_tagged:
      if (auto gtid = parse_gtid(event); check.is_read(gtid)) {
        check.part(gtid->tag);
        require(gtid->tag.size() <= 32, "a tag has at most 32 characters");
      }
      return;
    case EventType::previous_gtids:
      check.set(parse_previous_gtids(event));
      return;
    case EventType::mariadb_gtid_list:
      check.set(parse_mariadb_gtid_list(event));
      return;
    case EventType::mariadb_gtid:
      if (auto gtid = parse_mariadb_gtid(event); check.is_read(gtid) && gtid->xa) {
        auto again = source::parse_xa_statement("XA COMMIT " + gtid->xa->key());
        require(gtid->xa->gtrid.size() > 64 || gtid->xa->bqual.size() > 64 ||
                    (again && *again && (*again)->id == *gtid->xa),
                "an XA id reads back from its key", gtid->xa->key());
      }
      return;
    case EventType::xa_prepare:
      if (auto prepare = parse_xa_prepare(event); check.is_read(prepare)) {
        auto again = source::parse_xa_statement("XA COMMIT " + prepare->id.key());
        require(again && *again && (*again)->id == prepare->id, "an XA id reads back from its key", prepare->id.key());
      }
      return;
    case EventType::heartbeat:
    case EventType::heartbeat_v2:
      if (auto heartbeat = parse_heartbeat(event); check.is_read(heartbeat)) check.part(heartbeat->file);
      return;
    case EventType::incident:
      if (auto incident = parse_incident(event); check.is_read(incident)) check.part(incident->message);
      return;
    case EventType::rows_query:
    case EventType::annotate_rows:
      if (auto sql = parse_rows_query(event); check.is_read(sql)) check.part(*sql);
      return;
    case EventType::format_description:
    case EventType::start_v3:
      check.is_read(parse_format_description(event));
      return;
    default:
      if (auto name = parse_mapped_table(event, format); check.is_read(name)) {
        check.part(name->database);
        check.part(name->table);
        source::TableMap map;
        if (auto parsed = map.parse(event, format); !parsed) {
          require(parsed.error().code == base::ErrorCode::data_event_malformed ||
                      parsed.error().code == base::ErrorCode::data_event_unsupported,
                  "an error of the event", parsed.error().message());
        } else {
          require(map.database() == name->database && map.table() == name->table, "both readers see one name");
          (void)map.metadata();
        }
      }
  }
}

// MySQL 8.3's numbers of 1 to 9 bytes: as many low set bits as there are further bytes.
void put_tagged(std::string& out, std::uint64_t number) {
  int more = 0;
  while (more < 8 && number >> (7 * (more + 1)) != 0) ++more;
  if (more == 8) {
    out += '\xff';
    return fuzz::put_little(out, number, 8);
  }
  fuzz::put_little(out, number << (more + 1) | ((1u << more) - 1), more + 1);
}
void put_tagged_signed(std::string& out, std::int64_t number) {
  put_tagged(out,
             number < 0 ? static_cast<std::uint64_t>(-(number + 1)) << 1 | 1 : static_cast<std::uint64_t>(number) << 1);
}

std::string uuid_text(std::string_view raw) {
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", i < raw.size() ? static_cast<std::uint8_t>(raw[i]) : 0u);
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += two;
  }
  return text;
}

std::string tag_of(Input& in) {
  std::string tag;
  for (std::uint64_t i = in.below(33); i > 0; --i) tag += static_cast<char>('a' + in.below(26));
  return tag;
}

void check_gtid(Input in, bool is_tagged) {
  std::string uuid(in.bytes(16));
  uuid.resize(16);
  const std::string tag = is_tagged ? tag_of(in) : "";
  const std::int64_t number = static_cast<std::int64_t>(in.number(8) >> 1);
  const auto last = static_cast<std::int64_t>(in.number(8) >> 2),
             sequence = static_cast<std::int64_t>(in.number(8) >> 2);
  const std::uint64_t commit_us = in.number(6), original_us = in.number(6), length = in.number(5);
  std::string body;
  if (is_tagged) {
    std::string fields;
    put_tagged(fields, 0), put_tagged(fields, 1);
    put_tagged(fields, 1);
    for (const char c : uuid) put_tagged(fields, static_cast<std::uint8_t>(c));
    put_tagged(fields, 2), put_tagged_signed(fields, number);
    put_tagged(fields, 3), put_tagged(fields, tag.size());
    fields += tag;
    put_tagged(fields, 4), put_tagged_signed(fields, last);
    put_tagged(fields, 5), put_tagged_signed(fields, sequence);
    put_tagged(fields, 6), put_tagged(fields, commit_us);
    put_tagged(fields, 7), put_tagged(fields, original_us);
    put_tagged(fields, 8), put_tagged(fields, length);
    put_tagged(body, 1), put_tagged(body, fields.size() + 3), put_tagged(body, 0);
    body += fields;
  } else {
    body += '\1';
    body += uuid;
    fuzz::put_little(body, static_cast<std::uint64_t>(number), 8);
    body += '\2';
    fuzz::put_little(body, static_cast<std::uint64_t>(last), 8);
    fuzz::put_little(body, static_cast<std::uint64_t>(sequence), 8);
    fuzz::put_little(body, commit_us | std::uint64_t{1} << 55, 7);
    fuzz::put_little(body, original_us, 7);
    fuzz::put_packed(body, length);
  }
  auto gtid = parse_gtid(view_of(is_tagged ? EventType::gtid_tagged : EventType::gtid, body));
  require(gtid.has_value(), "a written Gtid is read");
  require(gtid->source_text() == uuid_text(uuid) + (tag.empty() ? "" : ":" + tag) &&
              gtid->number == static_cast<std::uint64_t>(number),
          "the transaction's id", gtid->source_text());
  require(gtid->last_committed == last && gtid->sequence_number == sequence, "the logical clock");
  require(gtid->immediate_commit_us == commit_us &&
              gtid->original_commit_us == (is_tagged && original_us == 0 ? commit_us : original_us) &&
              gtid->transaction_length == length,
          "times and length");
  // Whatever is cut off, no more is read than is there.
  for (std::size_t size = body.size(); size-- > 0;)
    (void)parse_gtid(view_of(is_tagged ? EventType::gtid_tagged : EventType::gtid, body.substr(0, size)));
}

void check_xa(Input in) {
  source::XaId id;
  id.format_id = static_cast<std::int32_t>(in.number(4));
  id.gtrid = in.text(64);
  id.bqual = in.text(64);
  const bool one_phase = in.flag();
  std::string body(1, one_phase ? '\1' : '\0');
  fuzz::put_little(body, static_cast<std::uint32_t>(id.format_id), 4);
  fuzz::put_little(body, id.gtrid.size(), 4);
  fuzz::put_little(body, id.bqual.size(), 4);
  body += id.gtrid + id.bqual;
  auto prepare = parse_xa_prepare(view_of(EventType::xa_prepare, body));
  require(prepare && prepare->id == id && prepare->one_phase == one_phase, "a written XA_prepare is read");
  body.pop_back();
  require(!parse_xa_prepare(view_of(EventType::xa_prepare, body)), "a cut XA_prepare is refused");

  const std::uint64_t sequence = in.number(8);
  const auto domain = static_cast<std::uint32_t>(in.number(4));
  body.clear();
  fuzz::put_little(body, sequence, 8);
  fuzz::put_little(body, domain, 4);
  body += static_cast<char>(source::MariaDbGtidEvent::flag_prepared_xa);
  fuzz::put_little(body, static_cast<std::uint32_t>(id.format_id), 4);
  body += static_cast<char>(id.gtrid.size());
  body += static_cast<char>(id.bqual.size());
  body += id.gtrid + id.bqual;
  auto gtid = parse_mariadb_gtid(view_of(EventType::mariadb_gtid, body));
  require(gtid && gtid->sequence == sequence && gtid->domain == domain && gtid->is_prepared_xa() && gtid->xa == id,
          "a written MariaDB Gtid is read");
  // The same id as the servers spell it in statements, quoted and in hex.
  std::string quoted = "XA COMMIT '";
  for (const char c : id.gtrid) quoted += c == '\'' ? "''" : c == '\\' ? "\\\\" : std::string(1, c);
  quoted += "',X'";
  for (const char c : id.bqual) {
    char two[3];
    std::snprintf(two, sizeof two, "%02X", static_cast<std::uint8_t>(c));
    quoted += two;
  }
  quoted += "' , " + std::to_string(id.format_id);
  auto statement = source::parse_xa_statement(quoted);
  require(statement && *statement && (*statement)->id == id, "every spelling gives the same id", quoted);
}

void check_sets(Input in) {
  const bool is_tagged = in.flag();
  model::GtidSet written;
  std::string body;
  const std::uint64_t count = in.below(5);
  fuzz::put_little(body, is_tagged ? std::uint64_t{1} << 56 | count << 8 | 1 : count, 8);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::string uuid(in.bytes(4));
    uuid.resize(16, static_cast<char>(i));
    const std::string tag = is_tagged ? tag_of(in) : "";
    body += uuid;
    if (is_tagged) put_tagged(body, tag.size()), body += tag;
    const std::uint64_t intervals = in.below(4);
    fuzz::put_little(body, intervals, 8);
    std::uint64_t from = 1;
    for (std::uint64_t n = 0; n < intervals; ++n) {
      const std::uint64_t first = from + in.below(10), end = first + 1 + in.below(10);
      fuzz::put_little(body, first, 8);
      fuzz::put_little(body, end, 8);
      for (std::uint64_t number = first; number < end; ++number)
        written.add_mysql(uuid_text(uuid) + (tag.empty() ? "" : ":" + tag), number);
      from = end + 1;
    }
  }
  auto read = parse_previous_gtids(view_of(EventType::previous_gtids, body));
  require(read && *read == written, "a written Previous_gtids is read", written.text());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const auto type = static_cast<EventType>(in.byte());
  const std::uint8_t how = in.byte();
  if (how < 128) {
    check_any(type, how & 63, in.rest());
    return 0;
  }
  switch (how % 4) {
    case 0:
      check_gtid(in, false);
      break;
    case 1:
      check_gtid(in, true);
      break;
    case 2:
      check_xa(in);
      break;
    default:
      check_sets(in);
  }
  return 0;
}
