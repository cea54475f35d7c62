#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "transform/filter/reserved.h"
#include "transform/filter/syntax.h"

namespace tributary::transform::filter {

using base::ErrorCode;
using base::fail;
using base::Result;
using Kind = Token::Kind;

namespace {

// Of the tree; and of what is open while the text is read, which are at most four for each level of the tree when the
// canonical form with all its parentheses is read.
constexpr unsigned levels_max = 90, depth_max = 4 * levels_max + 10;

unsigned levels(const Syntax& syntax) {
  unsigned most = 0;
  for (const SyntaxPtr& arg : syntax.args) most = std::max(most, levels(*arg));
  return most + 1;
}

// Operators of one strength that bind to the left, weakest first. What stands between them in MySQL's grammar
// (NOT, IS, comparisons, IN and its like) has functions of its own.
struct Spelling {
  std::string_view written, name;
};

class Parser {
 public:
  Parser(std::string_view condition, std::vector<Token> tokens) : condition_(condition), tokens_(std::move(tokens)) {}

  Result<SyntaxPtr> run() {
    if (peek().kind == Kind::end) return fail(ErrorCode::filter_syntax, "the condition is empty", "1:1");
    TRY_VALUE(SyntaxPtr whole, either());
    if (peek().kind != Kind::end) return fail(unexpected("an operator or the end"));
    if (levels(*whole) > levels_max) return fail(unsupported("an expression nested too deeply", 0));
    return whole;
  }

 private:
  using Rule = Result<SyntaxPtr> (Parser::*)();

  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(i_ + ahead, tokens_.size() - 1)]; }
  bool is_word(std::string_view upper, std::size_t ahead = 0) const {
    return peek(ahead).kind == Kind::word && peek(ahead).upper == upper;
  }
  bool is_symbol(std::string_view symbol, std::size_t ahead = 0) const {
    return peek(ahead).kind == Kind::symbol && peek(ahead).value == symbol;
  }
  bool accept(std::string_view what) {
    if (!is_word(what) && !is_symbol(what)) return false;
    ++i_;
    return true;
  }
  base::Status expect(std::string_view what) {
    if (accept(what)) return {};
    return fail(unexpected(what));
  }
  base::Error unexpected(std::string_view wanted) const {
    const Token& token = peek();
    return error_at(ErrorCode::filter_syntax,
                    fmt::format("{} where {} is wanted",
                                token.kind == Kind::end    ? "the end"
                                : token.kind == Kind::text ? "a text"
                                                           : "'" + token.value + "'",
                                wanted),
                    condition_, token.offset);
  }
  base::Error unsupported(std::string what, std::uint32_t offset) const {
    return error_at(ErrorCode::filter_unsupported, std::move(what), condition_, offset);
  }

  SyntaxPtr make(Part part, std::string name, std::uint32_t offset) const {
    auto made = std::make_unique<Syntax>();
    made->part = part;
    made->name = std::move(name);
    made->offset = offset;
    return made;
  }
  template <typename... Args>
  SyntaxPtr make(Part part, std::string name, std::uint32_t offset, Args... args) const {
    SyntaxPtr made = make(part, std::move(name), offset);
    (made->args.push_back(std::move(args)), ...);
    return made;
  }

  // Each level of parentheses and each link of a chain is a level of the tree.
  Result<SyntaxPtr> chain(Rule rule, std::initializer_list<Spelling> operators, bool is_flat = false) {
    TRY_VALUE(SyntaxPtr left, (this->*rule)());
    unsigned links = 0;
    while (true) {
      const std::uint32_t offset = peek().offset;
      const auto* found = std::find_if(operators.begin(), operators.end(), [&](const Spelling& one) {
        return is_word(one.written) || is_symbol(one.written);
      });
      if (found == operators.end()) return left;
      if ((found->name == "+" || found->name == "-") && is_word("INTERVAL", 1)) {
        ++i_;
        TRY_VALUE(left, interval(std::move(left), found->name == "+" ? "DATE_ADD" : "DATE_SUB", offset));
        continue;
      }
      ++i_;
      TRY_VALUE(SyntaxPtr right, (this->*rule)());
      if (is_flat && left->part == Part::binary && left->name == found->name && links > 0) {
        left->args.push_back(std::move(right));
        continue;
      }
      if (++links > levels_max) return fail(unsupported("an expression of too many parts", offset));
      left = make(Part::binary, std::string(found->name), offset, std::move(left), std::move(right));
    }
  }

  Result<SyntaxPtr> either() {
    if (++depth_ > depth_max) return fail(unsupported("an expression nested too deeply", peek().offset));
    auto made = chain(&Parser::exclusive, {{"OR", "OR"}, {"||", "OR"}}, true);
    --depth_;
    return made;
  }
  Result<SyntaxPtr> exclusive() { return chain(&Parser::both, {{"XOR", "XOR"}}); }
  Result<SyntaxPtr> both() { return chain(&Parser::negation, {{"AND", "AND"}, {"&&", "AND"}}, true); }

  Result<SyntaxPtr> negation() {
    if (!is_word("NOT")) return truth();
    if (++depth_ > depth_max) return fail(unsupported("an expression nested too deeply", peek().offset));
    const std::uint32_t offset = tokens_[i_++].offset;
    TRY_VALUE(SyntaxPtr arg, negation());
    --depth_;
    return make(Part::unary, "NOT", offset, std::move(arg));
  }

  // IS TRUE and its like end a comparison; IS NULL can be followed by more.
  Result<SyntaxPtr> truth() {
    TRY_VALUE(SyntaxPtr left, predicate());
    for (unsigned links = 0;; ++links) {
      if (links > levels_max) return fail(unsupported("an expression of too many parts", peek().offset));
      const std::uint32_t offset = peek().offset;
      if (accept("IS")) {
        const bool is_negated = accept("NOT");
        const std::string name = peek().kind == Kind::word ? peek().upper : "";
        if (name != "NULL" && name != "TRUE" && name != "FALSE" && name != "UNKNOWN")
          return fail(unexpected("NULL, TRUE, FALSE or UNKNOWN"));
        ++i_;
        left = make(Part::is, name, offset, std::move(left));
        left->is_negated = is_negated;
        if (name == "NULL") continue;
        return left;
      }
      static constexpr std::array<Spelling, 8> comparisons{
          {{"=", "="}, {"<=>", "<=>"}, {"!=", "<>"}, {"<>", "<>"}, {"<", "<"}, {"<=", "<="}, {">", ">"}, {">=", ">="}}};
      const auto* found = std::find_if(comparisons.begin(), comparisons.end(),
                                       [&](const Spelling& one) { return is_symbol(one.written); });
      if (found == comparisons.end()) return left;
      ++i_;
      if (is_word("ALL") || is_word("ANY") || is_word("SOME"))
        return fail(unsupported(fmt::format("{}: subqueries", peek().upper), peek().offset));
      TRY_VALUE(SyntaxPtr right, predicate());
      left = make(Part::binary, std::string(found->name), offset, std::move(left), std::move(right));
    }
  }

  Result<SyntaxPtr> predicate() {
    TRY_VALUE(SyntaxPtr left, sum());
    const std::uint32_t offset = peek().offset;
    bool is_negated = false;
    if (is_word("NOT") && (is_word("IN", 1) || is_word("BETWEEN", 1) || is_word("LIKE", 1) || is_word("REGEXP", 1) ||
                           is_word("RLIKE", 1)))
      is_negated = accept("NOT");
    SyntaxPtr made;
    if (accept("IN")) {
      made = make(Part::in, "", offset, std::move(left));
      TRY(expect("("));
      TRY(list(*made));
    } else if (accept("BETWEEN")) {
      TRY_VALUE(SyntaxPtr low, sum());
      TRY(expect("AND"));
      TRY_VALUE(SyntaxPtr high, sum());
      made = make(Part::between, "", offset, std::move(left), std::move(low), std::move(high));
    } else if (accept("LIKE")) {
      TRY_VALUE(SyntaxPtr pattern, simple());
      made = make(Part::binary, "LIKE", offset, std::move(left), std::move(pattern));
      if (accept("ESCAPE")) {
        TRY_VALUE(SyntaxPtr escape, simple());
        made->args.push_back(std::move(escape));
      }
    } else if (accept("REGEXP") || accept("RLIKE")) {
      TRY_VALUE(SyntaxPtr pattern, sum());
      made = make(Part::binary, "REGEXP", offset, std::move(left), std::move(pattern));
    } else {
      if (is_word("SOUNDS") || is_word("MEMBER"))
        return fail(unsupported(fmt::format("{} is not supported", peek().upper), offset));
      return left;
    }
    made->is_negated = is_negated;
    return made;
  }

  // The arguments up to the closing parenthesis.
  base::Status list(Syntax& to) {
    do {
      TRY_VALUE(SyntaxPtr arg, either());
      to.args.push_back(std::move(arg));
    } while (accept(","));
    return expect(")");
  }

  Result<SyntaxPtr> sum() {
    TRY_VALUE(SyntaxPtr made, chain(&Parser::product, {{"+", "+"}, {"-", "-"}}));
    for (const std::string_view bits : {"|", "&", "<<", ">>"})
      if (is_symbol(bits)) return fail(unsupported(fmt::format("the operator {}", bits), peek().offset));
    return made;
  }
  Result<SyntaxPtr> product() {
    TRY_VALUE(SyntaxPtr made,
              chain(&Parser::simple, {{"*", "*"}, {"/", "/"}, {"DIV", "DIV"}, {"%", "%"}, {"MOD", "%"}}));
    if (is_symbol("^")) return fail(unsupported("the operator ^", peek().offset));
    return made;
  }

  Result<SyntaxPtr> simple() {
    if (++depth_ > depth_max) return fail(unsupported("an expression nested too deeply", peek().offset));
    TRY_VALUE(SyntaxPtr made, simple_part());
    while (is_word("COLLATE") || is_symbol("->") || is_symbol("->>")) {
      const Token& token = tokens_[i_++];
      if (token.upper == "COLLATE") {
        if (peek().kind != Kind::word && peek().kind != Kind::name) return fail(unexpected("the name of a collation"));
        SyntaxPtr outer = make(Part::collate, "", token.offset, std::move(made));
        for (const char c : tokens_[i_++].value) outer->value += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        if (outer->args[0]->part == Part::collate) return fail(unsupported("COLLATE twice", token.offset));
        made = std::move(outer);
        continue;
      }
      if (made->part != Part::column || peek().kind != Kind::text)
        return fail(unexpected("a column before and a path behind the arrow"));
      SyntaxPtr path = make(Part::text, "", peek().offset);
      path->value = tokens_[i_++].value;
      made = make(Part::call, "JSON_EXTRACT", token.offset, std::move(made), std::move(path));
      if (token.value == "->>") made = make(Part::call, "JSON_UNQUOTE", token.offset, std::move(made));
    }
    --depth_;
    return made;
  }

  Result<SyntaxPtr> simple_part() {
    const Token& token = peek();
    const std::uint32_t offset = token.offset;
    switch (token.kind) {
      case Kind::end:
        return fail(unexpected("a value"));
      case Kind::number:
        return number();
      case Kind::text: {
        ++i_;
        if (peek().kind == Kind::text) return fail(unsupported("texts one behind the other", peek().offset));
        SyntaxPtr made = make(Part::text, "", offset);
        made->value = token.value;
        return made;
      }
      case Kind::bytes: {
        ++i_;
        SyntaxPtr made = make(Part::bytes, token.upper, offset);
        made->value = token.value;
        return made;
      }
      case Kind::name:
        ++i_;
        return column(token);
      case Kind::word:
        return word();
      case Kind::symbol:
        break;
    }
    if (accept("(")) {
      if (is_word("SELECT") || is_word("WITH")) return fail(unsupported("subqueries", peek().offset));
      TRY_VALUE(SyntaxPtr inner, either());
      if (is_symbol(",")) return fail(unsupported("rows of several values", peek().offset));
      TRY(expect(")"));
      return inner;
    }
    if (accept("+")) return simple();
    if (accept("!")) {
      TRY_VALUE(SyntaxPtr arg, simple());
      return make(Part::unary, "NOT", offset, std::move(arg));
    }
    if (accept("-")) {
      TRY_VALUE(SyntaxPtr arg, simple());
      return make(Part::unary, "-", offset, std::move(arg));
    }
    if (is_symbol("~")) return fail(unsupported("the operator ~", offset));
    return fail(unexpected("a value"));
  }

  SyntaxPtr number() {
    const Token& token = tokens_[i_++];
    const bool has_exponent = token.value.find_first_of("eE") != std::string::npos;
    const bool has_point = token.value.find('.') != std::string::npos;
    SyntaxPtr made = make(has_exponent ? Part::real : has_point ? Part::decimal : Part::integer, "", token.offset);
    made->value = token.value;
    return made;
  }

  Result<SyntaxPtr> column(const Token& token) {
    if (is_symbol(".") || (peek().kind == Kind::number && peek().value.starts_with('.') && !peek().is_after_space))
      return fail(unsupported(fmt::format("{}. in front of a column: write the column's name alone", token.value),
                              token.offset));
    if (is_symbol("(")) return fail(unsupported(fmt::format("the function `{}`", token.value), token.offset));
    return make(Part::column, token.value, token.offset);
  }

  Result<SyntaxPtr> word() {
    const Token& token = tokens_[i_++];
    const std::string& upper = token.upper;
    const std::uint32_t offset = token.offset;
    if (upper == "NULL") return make(Part::null, "", offset);
    if (upper == "TRUE" || upper == "FALSE") {
      SyntaxPtr made = make(Part::boolean, "", offset);
      made->value = upper;
      return made;
    }
    if (upper == "CASE") return case_of(offset);
    if (upper == "BINARY") {
      TRY_VALUE(SyntaxPtr arg, simple());
      return make(Part::unary, "BINARY", offset, std::move(arg));
    }
    if ((upper == "DATE" || upper == "TIME" || upper == "TIMESTAMP") && peek().kind == Kind::text) {
      SyntaxPtr made = make(Part::typed, upper, offset);
      made->value = tokens_[i_++].value;
      return made;
    }
    if (is_symbol("(")) {
      if (upper == "EXISTS" || upper == "SELECT" || upper == "ROW" || upper == "MATCH" || upper == "INTERVAL")
        return fail(unsupported(fmt::format("{} is not supported", upper), offset));
      // The server takes some names for columns then, by a list of its own.
      if (peek().is_after_space && upper != "IF" && upper != "LEFT" && upper != "RIGHT" && upper != "REPLACE" &&
          upper != "MOD")
        return fail(error_at(ErrorCode::filter_syntax, fmt::format("a space between {} and its (", token.value),
                             condition_, offset));
      ++i_;
      return call(upper, offset);
    }
    if (is_moment(upper)) return fail(unsupported(fmt::format("{}: its value is not in the row", token.value), offset));
    if (is_reserved(upper))
      return fail(
          error_at(ErrorCode::filter_syntax,
                   fmt::format("{} is a word of SQL; a column of this name is written `{}`", token.value, token.value),
                   condition_, offset));
    if (token.value[0] >= '0' && token.value[0] <= '9') return fail(unexpected("a value"));
    return column(token);
  }

  Result<SyntaxPtr> case_of(std::uint32_t offset) {
    SyntaxPtr made = make(Part::case_, "", offset);
    if (!is_word("WHEN")) {
      TRY_VALUE(SyntaxPtr operand, either());
      made->name = "X";
      made->args.push_back(std::move(operand));
    }
    if (!is_word("WHEN")) return fail(unexpected("WHEN"));
    while (accept("WHEN")) {
      TRY_VALUE(SyntaxPtr when, either());
      TRY(expect("THEN"));
      TRY_VALUE(SyntaxPtr then, either());
      made->args.push_back(std::move(when));
      made->args.push_back(std::move(then));
    }
    if (accept("ELSE")) {
      TRY_VALUE(SyntaxPtr otherwise, either());
      made->args.push_back(std::move(otherwise));
    }
    TRY(expect("END"));
    return made;
  }

  Result<SyntaxPtr> call(const std::string& name, std::uint32_t offset) {
    SyntaxPtr made = make(Part::call, name, offset);
    if (name == "TRIM") {
      made->value = is_word("LEADING") || is_word("TRAILING") || is_word("BOTH") ? tokens_[i_++].upper : "";
      SyntaxPtr first;
      if (!is_word("FROM")) {
        TRY_VALUE(first, either());
      }
      if (!accept("FROM")) {
        if (!made->value.empty()) return fail(unexpected("FROM"));
        made->args.push_back(std::move(first));
        TRY(expect(")"));
        return made;
      }
      if (made->value.empty()) made->value = "BOTH";
      TRY_VALUE(SyntaxPtr text, either());
      made->args.push_back(std::move(text));
      if (first) made->args.push_back(std::move(first));
      TRY(expect(")"));
      return made;
    }
    if (accept(")")) return made;
    if (name == "CAST" || name == "CONVERT") {
      TRY_VALUE(SyntaxPtr arg, either());
      made->name = "CAST";
      made->args.push_back(std::move(arg));
      if (is_word("USING")) return fail(unsupported("CONVERT ... USING", peek().offset));
      TRY(expect(name == "CAST" ? "AS" : ","));
      TRY(cast_type(made->value));
      TRY(expect(")"));
      return made;
    }
    if (name == "EXTRACT") return fail(unsupported("EXTRACT: write YEAR(x), MONTH(x) and so on", offset));
    TRY_VALUE(SyntaxPtr first, is_word("DISTINCT") ? Result<SyntaxPtr>(fail(unexpected("a value"))) : either());
    if ((name == "DATE_ADD" || name == "DATE_SUB" || name == "ADDDATE" || name == "SUBDATE") && is_symbol(",") &&
        is_word("INTERVAL", 1)) {
      ++i_;
      TRY_VALUE(made, interval(std::move(first), name.ends_with("ADD") || name == "ADDDATE" ? "DATE_ADD" : "DATE_SUB",
                               offset));
      TRY(expect(")"));
      return made;
    }
    made->args.push_back(std::move(first));
    if ((name == "SUBSTRING" || name == "SUBSTR" || name == "MID") && accept("FROM")) {
      TRY_VALUE(SyntaxPtr from, either());
      made->args.push_back(std::move(from));
      if (accept("FOR")) {
        TRY_VALUE(SyntaxPtr length, either());
        made->args.push_back(std::move(length));
      }
      TRY(expect(")"));
    } else if (accept(",")) {
      TRY(list(*made));
    } else {
      TRY(expect(")"));
    }
    if (name == "MOD" && made->args.size() == 2) {
      made->part = Part::binary;
      made->name = "%";
    }
    return made;
  }

  // SIGNED, DECIMAL(10,2), CHAR(5) ...
  base::Status cast_type(std::string& to) {
    if (peek().kind != Kind::word) return fail(unexpected("a type"));
    to = tokens_[i_++].upper;
    if (to == "SIGNED" || to == "UNSIGNED") {
      if (!accept("INTEGER")) accept("INT");
    }
    if (!accept("(")) return {};
    to += "(";
    while (true) {
      const std::string& digits = peek().value;
      if (peek().kind != Kind::number || digits.size() > 4 ||
          digits.find_first_not_of("0123456789") != std::string::npos)
        return fail(unexpected("a number"));
      to += std::to_string(std::stoi(digits));
      ++i_;
      if (!accept(",")) break;
      to += ",";
    }
    to += ")";
    return expect(")");
  }

  Result<SyntaxPtr> interval(SyntaxPtr left, std::string name, std::uint32_t offset) {
    TRY(expect("INTERVAL"));
    TRY_VALUE(SyntaxPtr count, either());
    static constexpr std::array<std::string_view, 9> units{"MICROSECOND", "SECOND", "MINUTE",  "HOUR", "DAY",
                                                           "WEEK",        "MONTH",  "QUARTER", "YEAR"};
    if (peek().kind != Kind::word) return fail(unexpected("a unit of time"));
    if (std::find(units.begin(), units.end(), peek().upper) == units.end())
      return fail(unsupported(fmt::format("the unit {}", peek().upper), peek().offset));
    SyntaxPtr made = make(Part::call, std::move(name), offset, std::move(left), std::move(count));
    made->value = tokens_[i_++].upper;
    return made;
  }

  std::string_view condition_;
  std::vector<Token> tokens_;
  std::size_t i_ = 0;
  unsigned depth_ = 0;
};

}  // namespace

Result<SyntaxPtr> parse(std::string_view condition) {
  TRY_VALUE(std::vector<Token> tokens, tokenise(condition));
  return Parser(condition, std::move(tokens)).run();
}

}  // namespace tributary::transform::filter
