#include <array>

#include "encode/canal_json.h"
#include "encode/json_values.h"
#include "model/text.h"

namespace tributary::encode {
namespace {

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// The words of a statement, without comments. What a version comment holds counts, since the server runs it.
class Words {
 public:
  explicit Words(std::string_view text) : left_(text) {}

  // The next word as it stands: letters, a quoted name with its quotes, or one other character. Empty at the end.
  std::string_view next() {
    skip_space();
    if (left_.empty()) return {};
    std::size_t size = 1;
    const char first = left_.front();
    if (first == '`' || first == '"' || first == '\'') {
      while (size < left_.size() && left_[size] != first) ++size;
      size = size < left_.size() ? size + 1 : size;
    } else if (is_letter(first)) {
      while (size < left_.size() && is_letter(left_[size])) ++size;
    }
    const std::string_view word = left_.substr(0, size);
    left_.remove_prefix(size);
    return word;
  }
  bool take(std::string_view keyword) {
    const std::string_view before = left_;
    const std::string_view word = next();
    if (word.size() == keyword.size()) {
      bool is_same = true;
      for (std::size_t i = 0; i < word.size(); ++i) is_same = is_same && upper(word[i]) == keyword[i];
      if (is_same) return true;
    }
    left_ = before;
    return false;
  }
  template <std::size_t N>
  bool take_any(const std::array<std::string_view, N>& keywords) {
    for (const std::string_view keyword : keywords) {
      if (take(keyword)) return true;
    }
    return false;
  }

 private:
  static bool is_letter(char c) {
    return (upper(c) >= 'A' && upper(c) <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
  }
  void skip_to(std::string_view end) {
    const std::size_t at = left_.find(end);
    left_.remove_prefix(at == std::string_view::npos ? left_.size() : at + end.size());
  }
  void skip_space() {
    while (!left_.empty()) {
      if (left_.starts_with("/*!") || left_.starts_with("/*M!")) {
        left_.remove_prefix(left_.find('!') + 1);
        while (!left_.empty() && left_.front() >= '0' && left_.front() <= '9') left_.remove_prefix(1);
      } else if (left_.starts_with("/*")) {
        left_.remove_prefix(2);
        skip_to("*/");
      } else if (left_.starts_with("*/")) {
        left_.remove_prefix(2);
      } else if (left_.starts_with("-- ") || left_.starts_with("#")) {
        skip_to("\n");
      } else if (static_cast<unsigned char>(left_.front()) <= ' ') {
        left_.remove_prefix(1);
      } else {
        return;
      }
    }
  }

  std::string_view left_;
};

constexpr std::array<std::string_view, 5> index_words = {"INDEX", "KEY", "UNIQUE", "FULLTEXT", "SPATIAL"};

// Behind ALTER TABLE: the first thing that is done to the table.
std::string_view alter_type(Words& words) {
  if (words.take("IF")) words.take("EXISTS");
  words.next();
  while (words.take(".")) words.next();
  if (words.take("RENAME"))
    return words.take_any(std::array<std::string_view, 3>{"COLUMN", "INDEX", "KEY"}) ? "ALTER" : "RENAME";
  if (words.take("ADD")) return words.take_any(index_words) ? "CINDEX" : "ALTER";
  if (words.take("DROP")) return words.take_any(std::array<std::string_view, 2>{"INDEX", "KEY"}) ? "DINDEX" : "ALTER";
  return "ALTER";
}

}  // namespace

std::string_view canal_statement_type(std::string_view statement) {
  Words words(statement);
  if (words.take("CREATE")) {
    if (words.take("OR")) words.take("REPLACE");
    words.take("TEMPORARY");
    if (words.take("TABLE")) return "CREATE";
    return words.take_any(index_words) ? "CINDEX" : "QUERY";
  }
  if (words.take("DROP")) {
    words.take("TEMPORARY");
    if (words.take("TABLE") || words.take("TABLES")) return "ERASE";
    return words.take("INDEX") ? "DINDEX" : "QUERY";
  }
  if (words.take("ALTER")) {
    words.take("ONLINE");
    words.take("IGNORE");
    return words.take("TABLE") ? alter_type(words) : "QUERY";
  }
  if (words.take("RENAME")) return words.take("TABLE") || words.take("TABLES") ? "RENAME" : "QUERY";
  if (words.take("TRUNCATE")) return "TRUNCATE";
  return "QUERY";
}

void encode_canal_ddl(const ChangeHeader& header, std::string_view database, std::string_view table,
                      std::string_view statement, base::Buffer& out) {
  const model::Charset& utf8 = model::Charset::find("utf8mb4");
  const auto add_number = [&](std::int64_t number) {
    out.commit(model::write_signed(out.ensure(model::text_bytes_max), number));
  };
  out.append(R"({"data":null,"database":)");
  json::add_quoted(out, database);
  out.append(R"(,"es":)");
  add_number(header.timestamp_s * 1000);
  if (!header.gtid.empty()) {
    out.append(R"(,"gtid":)");
    json::add_quoted(out, header.gtid);
  }
  out.append(R"(,"id":)");
  add_number(static_cast<std::int64_t>(header.id));
  out.append(R"(,"isDdl":true,"mysqlType":null,"old":null,"pkNames":null,"sql":)");
  json::add_text(out, utf8, statement);
  out.append(R"(,"sqlType":null,"table":)");
  json::add_quoted(out, table);
  out.append(R"(,"ts":)");
  add_number(header.read_ms);
  out.append(R"(,"type":")");
  out.append(canal_statement_type(statement));
  out.append("\"}");
}

}  // namespace tributary::encode
