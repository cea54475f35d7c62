#include "source/binlog/xa.h"

#include <charconv>

namespace tributary::source {
namespace {

constexpr std::size_t part_size_max = 64;  // MAXGTRIDSIZE, MAXBQUALSIZE

void append_hex(std::string& out, std::string_view bytes) {
  constexpr char digits[] = "0123456789abcdef";
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = upper(c);
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool word(std::string_view wanted) {
    spaces();
    if (text_.size() - at_ < wanted.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (upper(text_[at_ + i]) != wanted[i]) return false;
    }
    const std::size_t after = at_ + wanted.size();
    if (after < text_.size() && !is_space(text_[after]) && text_[after] != '\'' && text_[after] != ';') return false;
    at_ = after;
    return true;
  }
  bool symbol(char wanted) {
    spaces();
    if (at_ >= text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  // X'hex', 0xhex or 'text'.
  bool part(std::string& out) {
    spaces();
    if (text_.size() - at_ >= 2 && upper(text_[at_]) == 'X' && text_[at_ + 1] == '\'') {
      at_ += 2;
      return hex(out) && symbol('\'');
    }
    if (text_.size() - at_ >= 2 && text_[at_] == '0' && text_[at_ + 1] == 'x') {
      at_ += 2;
      return hex(out);
    }
    if (!symbol('\'')) return false;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '\'') {
        if (at_ + 1 >= text_.size() || text_[at_ + 1] != '\'') {
          ++at_;
          return true;
        }
        ++at_;
      } else if (c == '\\' && at_ + 1 < text_.size()) {
        c = text_[++at_];
      }
      if (out.size() == part_size_max) return false;
      out += c;
    }
    return false;
  }
  bool number(std::int32_t& out) {
    spaces();
    std::int64_t wide = 0;
    const auto [next, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), wide);
    if (error != std::errc() || wide < INT32_MIN || wide > UINT32_MAX) return false;
    out = static_cast<std::int32_t>(wide);
    at_ = static_cast<std::size_t>(next - text_.data());
    return true;
  }
  std::size_t at() const { return at_; }

 private:
  bool hex(std::string& out) {
    while (text_.size() - at_ >= 2) {
      const int high = hex_value(text_[at_]);
      const int low = hex_value(text_[at_ + 1]);
      if (high < 0 || low < 0) break;
      if (out.size() == part_size_max) return false;
      out += static_cast<char>(high << 4 | low);
      at_ += 2;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::string XaId::key() const {
  std::string key = "X'";
  append_hex(key, gtrid);
  key += "',X'";
  append_hex(key, bqual);
  key += "',";
  key += std::to_string(format_id);
  return key;
}

base::Result<std::optional<XaStatement>> parse_xa_statement(std::string_view sql) {
  Scanner scanner(sql);
  if (!scanner.word("XA")) return std::optional<XaStatement>();
  XaStatement statement;
  if (scanner.word("START") || scanner.word("BEGIN")) {
    statement.verb = XaVerb::start;
  } else if (scanner.word("END")) {
    statement.verb = XaVerb::end;
  } else if (scanner.word("PREPARE")) {
    statement.verb = XaVerb::prepare;
  } else if (scanner.word("COMMIT")) {
    statement.verb = XaVerb::commit;
  } else if (scanner.word("ROLLBACK")) {
    statement.verb = XaVerb::rollback;
  } else {
    return std::optional<XaStatement>();
  }
  bool is_good = scanner.part(statement.id.gtrid);
  if (is_good && scanner.symbol(',')) {
    is_good = scanner.part(statement.id.bqual);
    if (is_good && scanner.symbol(',')) is_good = scanner.number(statement.id.format_id);
  }
  if (!is_good) {
    return base::fail(base::ErrorCode::data_event_malformed,
                      "the id in an XA statement can't be read: " + std::string(sql.substr(0, 200)),
                      "character " + std::to_string(scanner.at() + 1) + " of the statement");
  }
  if (scanner.word("ONE") && scanner.word("PHASE")) statement.one_phase = true;
  return std::optional<XaStatement>(std::move(statement));
}

}  // namespace tributary::source
