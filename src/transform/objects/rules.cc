#include "transform/objects/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <vector>

namespace tributary::transform {

using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

constexpr std::size_t levels = 3;
constexpr std::size_t gray_steps_max = 8;

using Parts = std::array<std::string_view, levels>;
using OwnParts = std::array<std::string, levels>;

std::size_t depth_of(const ObjectName& name) {
  return name.database.empty() ? 0 : name.table.empty() ? 1 : name.column.empty() ? 2 : 3;
}

Parts parts_of(const ObjectName& name) { return {name.database, name.table, name.column}; }

}  // namespace

struct ObjectRules::Node {
  const ObjectItem* item = nullptr;
  std::optional<NamePattern> pattern;
  NameTemplate target, gray;  // of patterns
  std::vector<Node> inner;
  std::unordered_map<std::string_view, std::uint32_t> bare;  // places in inner
  std::vector<std::uint32_t> patterns;                       // BLACK ones first

  std::string gray_name(std::string_view name) const {
    return pattern ? gray.fill(pattern->groups(name), [](const std::string& word) { return word; }) : item->gray_name;
  }
};

struct ObjectRules::Compiled {
  ObjectList list;
  Capitalization capitalization = Capitalization::default_;
  Node root;
};

namespace {

Status at_place(const ObjectItem& item, base::Error error) {
  error.where = item.place.text();
  return base::fail(std::move(error));
}

}  // namespace

// The ways through the tree for one name. What names_ points to has to outlive it.
class ObjectRules::Walk {
 public:
  Walk(const Compiled& rules, Parts names, std::size_t depth) : rules_(rules), names_(names), depth_(depth) {}

  Result<bool> carried(bool by_prefix, std::size_t gray_steps) {
    by_prefix_ = by_prefix;
    gray_steps_ = gray_steps;
    TRY_VALUE(const std::optional<bool> decided, decide(0, rules_.root));
    return decided.value_or(false);
  }

  // At most one item a level, so that it is in place.
  class Way {
   public:
    void push_back(const Node* node) { nodes_[size_++] = node; }
    void pop_back() { --size_; }
    const Node* back() const { return nodes_[size_ - 1]; }
    const Node* operator[](std::size_t i) const { return nodes_[i]; }
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    const Node* const* begin() const { return nodes_.data(); }
    const Node* const* end() const { return nodes_.data() + size_; }

   private:
    std::array<const Node*, levels> nodes_{};
    std::size_t size_ = 0;
  };

  // The way target names come from; as long as there are items.
  Way first_way() const {
    Way way;
    const Node* node = &rules_.root;
    while (way.size() < depth_) {
      const Node* next = nullptr;
      each_match(*node, way.size(), false, [&](const Node& found) {
        next = &found;
        return false;
      });
      if (!next) break;
      way.push_back(node = next);
    }
    return way;
  }

  // There is one way only, it is WHITE, and nothing but `all` speaks of what is inside its end.
  bool is_plain_at_end() const {
    const Node* node = &rules_.root;
    for (std::size_t level = 0; level < depth_; ++level) {
      const Node* next = nullptr;
      std::size_t matches = 0;
      each_match(*node, level, true, [&](const Node& found) {
        next = &found;
        return ++matches < 2;
      });
      if (matches > 1 || (level == 0 && matches == 0)) return false;
      if (matches == 0) return node->item->all;
      if (next->item->filter_type != FilterType::white) return false;
      node = next;
    }
    return node->item->all && node->inner.empty();
  }

  // The first way that has an item at each level, if there is one.
  bool whole_way(Way& way, const Node& node) const {
    if (way.size() == depth_) return true;
    bool found = false;
    each_match(node, way.size(), false, [&](const Node& next) {
      way.push_back(&next);
      found = whole_way(way, next);
      if (!found) way.pop_back();
      return !found;
    });
    return found;
  }

  Result<std::string> target(std::size_t gray_steps) const {
    const std::string own = capitalized(names_[depth_ - 1], rules_.capitalization);
    const Walk::Way way = first_way();
    if (way.size() < depth_) return own;
    const Node& node = *way.back();
    if (!node.pattern) return node.item->target.empty() ? own : node.item->target;
    Status status;
    const std::string name = node.target.fill(node.pattern->groups(names_[depth_ - 1]), [&](const std::string& word) {
      if (!is_gray_name_mapped(word)) return word;
      auto mapped = gray_target(way, gray_steps);
      if (mapped) return std::move(*mapped);
      status = base::fail(std::move(mapped.error()));
      return std::string();
    });
    TRY(std::move(status));
    return name.empty() ? own : name;
  }

 private:
  static bool is_gray_name_mapped(std::string_view word) {
    return std::ranges::equal(word, std::string_view("graynamemapped"), {},
                              [](char c) { return static_cast<char>(c | 0x20); });
  }

  // Exact name first, then patterns; until the visitor says false.
  template <typename Visit>
  void each_match(const Node& node, std::size_t level, bool with_black, Visit&& visit) const {
    const std::string_view name = names_[level];
    if (by_prefix_) {
      const std::pair<const std::string_view, std::uint32_t>* least = nullptr;
      for (const auto& entry : node.bare)
        if (entry.first.starts_with(name) && (!least || entry.first < least->first)) least = &entry;
      if (least && !visit(node.inner[least->second])) return;
    } else if (const auto found = node.bare.find(name); found != node.bare.end()) {
      if (!visit(node.inner[found->second])) return;
    }
    for (const std::uint32_t place : node.patterns) {
      const Node& inner = node.inner[place];
      if (!with_black && inner.item->filter_type == FilterType::black) continue;
      if (inner.pattern->matches(name) && !visit(inner)) return;
    }
  }

  Result<std::optional<bool>> decide(std::size_t level, const Node& node) {
    if (level == depth_) return decide_at_end(node.item);
    bool is_listed = false;
    Result<std::optional<bool>> decided = std::optional<bool>();
    each_match(node, level, true, [&](const Node& next) {
      is_listed = true;
      if (next.item->filter_type == FilterType::black && next.item->all) {
        decided = false;
        return false;
      }
      way_.push_back(&next);
      decided = decide(level + 1, next);
      way_.pop_back();
      return decided && !*decided;
    });
    return is_listed ? decided : decide_unlisted();
  }

  static Parts views_of(const OwnParts& names) { return {names[0], names[1], names[2]}; }

  bool has_gray() const {
    return std::ranges::any_of(way_, [](const Node* node) { return node->item->filter_type == FilterType::gray; });
  }
  static std::optional<bool> ways_of_black(const ObjectItem& item) {
    return item.all ? std::optional(false) : std::nullopt;
  }

  Result<std::optional<bool>> decide_at_end(const ObjectItem* item) {
    if (!item) return std::optional<bool>(false);
    if (item->filter_type == FilterType::black) return ways_of_black(*item);
    if (item->filter_type == FilterType::white) return std::optional<bool>(true);
    return by_gray_name();
  }

  Result<std::optional<bool>> decide_unlisted() {
    if (has_gray()) return by_gray_name();
    if (way_.empty()) return std::optional<bool>(false);
    const ObjectItem& around = *way_.back()->item;
    if (around.filter_type == FilterType::black) return ways_of_black(around);
    return around.all ? std::optional(true) : std::nullopt;
  }

  OwnParts gray_names(const Way& way) const {
    OwnParts names = {std::string(names_[0]), std::string(names_[1]), std::string(names_[2])};
    for (std::size_t i = 0; i < way.size(); ++i)
      if (way[i]->item->filter_type == FilterType::gray) names[i] = way[i]->gray_name(names_[i]);
    return names;
  }

  Status refuse_circle(const ObjectItem& item, const OwnParts& names, std::size_t steps) const {
    if (views_of(names) != names_ && steps < gray_steps_max) return {};
    return at_place(item,
                    {ErrorCode::objects_bad_value,
                     fmt::format("the gray names of `{}` lead from `{}` back to it", item.source,
                                 fmt::join(names_.begin(), names_.begin() + static_cast<std::ptrdiff_t>(depth_), ".")),
                     ""});
  }

  Result<std::optional<bool>> by_gray_name() {
    const OwnParts names = gray_names(way_);
    const ObjectItem& last = *way_.back()->item;
    TRY(refuse_circle(last, names, gray_steps_));
    const bool by_prefix = last.filter_type == FilterType::gray ? last.gray_matches_prefix : by_prefix_;
    TRY_VALUE(const bool carried, Walk(rules_, views_of(names), depth_).carried(by_prefix, gray_steps_ + 1));
    return std::optional<bool>(carried);
  }

  Result<std::string> gray_target(const Way& way, std::size_t steps) const {
    OwnParts names = gray_names(way);
    names[depth_ - 1] = way.back()->gray_name(names_[depth_ - 1]);
    TRY(refuse_circle(*way.back()->item, names, steps));
    return Walk(rules_, views_of(names), depth_).target(steps + 1);
  }

  const Compiled& rules_;
  Parts names_;
  std::size_t depth_;
  bool by_prefix_ = false;
  std::size_t gray_steps_ = 0;
  Way way_;
};

namespace {

constexpr std::array<ItemType, levels> level_types = {ItemType::database, ItemType::table, ItemType::column};

}  // namespace

Result<ObjectRules> ObjectRules::compile(ObjectList list, Capitalization capitalization) {
  auto compiled = std::make_shared<Compiled>();
  compiled->list = std::move(list);
  compiled->capitalization = capitalization;
  const auto finish = [](Node& node) -> Status {
    const ObjectItem& item = *node.item;
    const bool is_gray = item.filter_type == FilterType::gray;
    if (is_gray && item.gray_name.empty())
      return at_place(item,
                      {ErrorCode::objects_bad_value, fmt::format("`{}` is GRAY and has no grayName", item.source), ""});
    if (item.pattern == PatternType::bare_name) return {};
    auto pattern = NamePattern::compile(item.source, item.pattern);
    if (!pattern) return at_place(item, std::move(pattern.error()));
    node.pattern = std::move(*pattern);
    for (const auto& [text, to] : {std::pair{&item.target, &node.target}, {&item.gray_name, &node.gray}}) {
      auto parsed = NameTemplate::parse(*text);
      if (!parsed) return at_place(item, std::move(parsed.error()));
      *to = std::move(*parsed);
    }
    if (node.gray.has_keyword())
      return at_place(item,
                      {ErrorCode::objects_bad_value,
                       fmt::format("the gray name `{}` holds a keyword, only {{n}} is allowed", item.gray_name), ""});
    return {};
  };
  const auto fill = [&](const auto& self, Node& node, const std::vector<ObjectItem>& items,
                        std::size_t level) -> Status {
    node.inner.reserve(node.inner.size() + items.size());
    for (const ObjectItem& item : items) {
      Node& inner = node.inner.emplace_back();
      const auto place = static_cast<std::uint32_t>(node.inner.size() - 1);
      inner.item = &item;
      TRY(finish(inner));
      if (!inner.pattern) {
        if (!node.bare.emplace(item.source, place).second)
          return at_place(
              item, {ErrorCode::objects_bad_value, fmt::format("`{}` stands here a second time", item.source), ""});
      } else if (item.filter_type == FilterType::black) {
        node.patterns.insert(node.patterns.begin(), place);
      } else {
        node.patterns.push_back(place);
      }
      if (level + 1 == levels) continue;
      for (const ObjectGroup& group : item.groups)
        if (group.type == level_types[level + 1]) TRY(self(self, inner, group.items, level + 1));
    }
    return {};
  };
  TRY(fill(fill, compiled->root, compiled->list.databases, 0));
  ObjectRules rules;
  rules.compiled_ = std::move(compiled);
  return rules;
}

const ObjectList& ObjectRules::list() const { return compiled_->list; }
Capitalization ObjectRules::capitalization() const { return compiled_->capitalization; }

Result<bool> ObjectRules::carries(const ObjectName& name) const {
  return Walk(*compiled_, parts_of(name), depth_of(name)).carried(false, 0);
}

Result<std::string> ObjectRules::target(const ObjectName& name) const {
  const std::size_t depth = depth_of(name);
  if (depth == 0) return std::string();
  return Walk(*compiled_, parts_of(name), depth).target(0);
}

Result<std::optional<TableNames>> ObjectRules::covers(std::string_view database, std::string_view table) const {
  if (database.empty() || table.empty()) return std::nullopt;
  TRY_VALUE(const bool is_carried, carries({database, table, {}}));
  if (!is_carried) return std::nullopt;
  TableNames names;
  TRY_VALUE(names.database, target({database, {}, {}}));
  TRY_VALUE(names.table, target({database, table, {}}));
  return names;
}

TableOptions ObjectRules::options(std::string_view database, std::string_view table) const {
  const ObjectName name = {database, table, {}};
  const Walk walk(*compiled_, parts_of(name), 2);
  Walk::Way way;
  if (!walk.whole_way(way, compiled_->root)) way = walk.first_way();
  TableOptions options;
  for (const Node* node : way) {  // the table's last, so that it wins
    const ObjectItem& item = *node->item;
    if (item.dml) options.dml = *item.dml;
    if (!item.ddl.empty()) options.ddl = item.ddl;
    if (item.message_key.empty()) continue;
    options.message_key = item.message_key;
    options.message_key_is_its_own = way.size() == 2 && node == way[1];
  }
  if (way.size() == 2) options.row_filter = way[1]->item->row_filter;
  return options;
}

bool ObjectRules::takes_all_columns(std::string_view database, std::string_view table) const {
  return Walk(*compiled_, {database, table, {}}, 2).is_plain_at_end();
}

ObjectRules::Items ObjectRules::items(const ObjectName& name) const {
  const std::size_t depth = depth_of(name);
  const Walk::Way way = Walk(*compiled_, parts_of(name), depth).first_way();
  Items items;
  if (!way.empty()) items.database = way[0]->item;
  if (way.size() > 1) items.table = way[1]->item;
  if (way.size() > 2) items.column = way[2]->item;
  return items;
}

}  // namespace tributary::transform
