#include "model/text.h"
#include "transform/filter/syntax.h"

namespace tributary::transform::filter {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "''";
    else if (c == '\\')
      out += "\\\\";
    else if (c == '\0')
      out += "\\0";
    else
      out += c;
  }
  return out + "'";
}

std::string name_of(std::string_view name) {
  std::string out = "`";
  for (const char c : name) {
    if (c == '`') out += c;
    out += c;
  }
  return out + "`";
}

std::string list(const Syntax& syntax, std::size_t from, std::string_view separator) {
  std::string out;
  for (std::size_t i = from; i < syntax.args.size(); ++i) {
    if (i > from) out += separator;
    out += print(*syntax.args[i]);
  }
  return out;
}

std::string print_case(const Syntax& syntax) {
  std::size_t i = syntax.name.empty() ? 0 : 1;
  std::string out = "(CASE";
  if (i == 1) out += " " + print(*syntax.args[0]);
  for (; i + 1 < syntax.args.size(); i += 2)
    out += " WHEN " + print(*syntax.args[i]) + " THEN " + print(*syntax.args[i + 1]);
  if (i < syntax.args.size()) out += " ELSE " + print(*syntax.args[i]);
  return out + " END)";
}

std::string print_call(const Syntax& syntax) {
  const std::string start = syntax.name + "(";
  if (syntax.name == "CAST") return start + print(*syntax.args[0]) + " AS " + syntax.value + ")";
  if (syntax.name == "TRIM" && !syntax.value.empty())
    return start + syntax.value + " " + (syntax.args.size() > 1 ? print(*syntax.args[1]) + " " : "") + "FROM " +
           print(*syntax.args[0]) + ")";
  if ((syntax.name == "DATE_ADD" || syntax.name == "DATE_SUB") && !syntax.value.empty())
    return start + print(*syntax.args[0]) + ", INTERVAL " + print(*syntax.args[1]) + " " + syntax.value + ")";
  return start + list(syntax, 0, ", ") + ")";
}

}  // namespace

std::string print(const Syntax& syntax) {
  const auto arg = [&](std::size_t i) { return print(*syntax.args[i]); };
  const std::string negated = syntax.is_negated ? "NOT " : "";
  switch (syntax.part) {
    case Part::null:
      return "NULL";
    case Part::integer:
    case Part::decimal:
    case Part::real:
    case Part::boolean:
      return syntax.value;
    case Part::text:
      return quoted(syntax.value);
    case Part::bytes:
      if (syntax.name != "b")
        return syntax.name == "x" ? "x'" + model::hex(syntax.value) + "'" : "0x" + model::hex(syntax.value);
      {
        std::string bits;
        for (const char c : syntax.value)
          for (int bit = 7; bit >= 0; --bit) bits += (static_cast<unsigned char>(c) >> bit & 1) != 0 ? '1' : '0';
        return "b'" + bits + "'";
      }
    case Part::typed:
      return syntax.name + quoted(syntax.value);
    case Part::column:
      return name_of(syntax.name);
    case Part::unary:
      return "(" + syntax.name + " " + arg(0) + ")";
    case Part::binary:
      if (syntax.name == "LIKE" || syntax.name == "REGEXP")
        return "(" + arg(0) + " " + negated + syntax.name + " " + arg(1) +
               (syntax.args.size() > 2 ? " ESCAPE " + arg(2) : "") + ")";
      return "(" + list(syntax, 0, " " + syntax.name + " ") + ")";
    case Part::is:
      return "(" + arg(0) + " IS " + negated + syntax.name + ")";
    case Part::in:
      return "(" + arg(0) + " " + negated + "IN (" + list(syntax, 1, ", ") + "))";
    case Part::between:
      return "(" + arg(0) + " " + negated + "BETWEEN " + arg(1) + " AND " + arg(2) + ")";
    case Part::case_:
      return print_case(syntax);
    case Part::call:
      return print_call(syntax);
    case Part::collate:
      return "(" + arg(0) + " COLLATE " + syntax.value + ")";
  }
  return {};
}

}  // namespace tributary::transform::filter
