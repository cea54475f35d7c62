#include "front/hint.h"

#include <fmt/format.h>

#include <charconv>

#include "front/token.h"

namespace tributary::lab {

namespace {

Answer<int> shard_named(const Catalogue& catalogue, const Sql& sql, std::size_t at) {
  const auto& shards = catalogue.shards();
  const std::string name = sql.value(at);
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc{} && end == name.data() + name.size() && number < shards.size())
    return static_cast<int>(number);
  for (std::size_t i = 0; i < shards.size(); ++i)
    if (same_name(shards[i].group, name)) return static_cast<int>(i);
  return product_fail(4642, "ERR_UNKNOWN_GROUP", fmt::format("no group '{}'", name));
}

}  // namespace

Answer<Hint> read_hint(const Catalogue& catalogue, std::string_view text) {
  Hint out;
  if (text.size() < 4) return out;
  std::string body(text.substr(2, text.size() - 4));
  if (body.starts_with('+')) body.erase(0, 1);
  // A JSON hint may come with double quotes, which are strings here too.
  const Sql sql(body);
  for (std::size_t at = 0; at < sql.size(); ++at) {
    if (sql.is(at, "scan")) out.scan = true;
    const bool json = sql[at].kind == TokenKind::string && sql.is_symbol(at + 1, ":");
    const std::string key = json ? sql.value(at) : "";
    if (sql.is(at, "node") && (sql.is_symbol(at + 1, "(") || sql.is_symbol(at + 1, "=") || sql.is(at + 1, "in"))) {
      out.direct = true;
      for (++at; at < sql.size() && !sql.is_symbol(at, ")"); ++at) {
        if (sql[at].kind != TokenKind::string && sql[at].kind != TokenKind::number) continue;
        TRY_VALUE(const int shard, shard_named(catalogue, sql, at));
        out.shards.push_back(shard);
      }
    } else if (key == "dbid") {
      out.direct = true;
      TRY_VALUE(const int shard, shard_named(catalogue, sql, at + 2));
      out.shards.push_back(shard);
    } else if (key == "vtab") {
      out.logical_table = sql.value(at + 2);
    } else if (key == "realtabs") {
      for (at += 2; at < sql.size() && !sql.is_symbol(at, "]"); ++at)
        if (sql[at].kind == TokenKind::string) out.real_tables.push_back(sql.value(at));
    }
  }
  return out;
}

}  // namespace tributary::lab
