#include "transform/objects/batch_edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace tributary::transform {

using base::ErrorCode;
using base::Result;
using base::Status;

namespace {

// Names may hold any character, so lengths tell where one ends.
std::string joined(std::string_view a, std::string_view b, std::string_view c = {}) {
  return fmt::format("{} {} {}{}{}", a.size(), b.size(), a, b, c);
}

class Editor {
 public:
  static Result<Editor> make(const BatchEdit& edit) {
    Editor editor(edit);
    const bool finds = edit.how == BatchEdit::How::replace || edit.how == BatchEdit::How::pattern;
    if (finds && edit.find.empty()) return base::fail(ErrorCode::objects_bad_value, "there is nothing to look for");
    if (!finds && edit.put.empty()) return base::fail(ErrorCode::objects_bad_value, "there is nothing to add");
    if (edit.how != BatchEdit::How::pattern) return editor;
    TRY_VALUE(editor.pattern_, NamePattern::compile(edit.find, PatternType::regex));
    TRY_VALUE(editor.template_, NameTemplate::parse(edit.put));
    if (editor.template_.has_keyword())
      return base::fail(ErrorCode::objects_bad_value,
                        fmt::format("`{}` holds a keyword, only {{n}} is allowed", edit.put));
    return editor;
  }

  std::string renamed(const std::string& name) const {
    switch (edit_->how) {
      case BatchEdit::How::prefix:
        return edit_->put + name;
      case BatchEdit::How::suffix:
        return name + edit_->put;
      case BatchEdit::How::replace:
        return replaced(name);
      case BatchEdit::How::pattern: {
        const auto groups = pattern_->groups(name);
        return groups.empty() ? name : template_.fill(groups, [](const std::string& word) { return word; });
      }
    }
    return name;
  }

 private:
  explicit Editor(const BatchEdit& edit) : edit_(&edit) {}

  std::string replaced(const std::string& name) const {
    std::string out;
    std::size_t at = 0;
    for (std::size_t found = 0; (found = name.find(edit_->find, at)) != std::string::npos;) {
      out += name.substr(at, found - at) + edit_->put;
      at = found + edit_->find.size();
    }
    return out + name.substr(at);
  }

  const BatchEdit* edit_;
  std::optional<NamePattern> pattern_;
  NameTemplate template_;
};

class Scope {
 public:
  explicit Scope(const EditScope& scope) : databases_(scope.databases.begin(), scope.databases.end()) {
    for (const TableNames& table : scope.tables) tables_.insert(joined(table.database, table.table));
    columns_.insert(scope.columns.begin(), scope.columns.end());
  }
  bool has(const std::string& database) const { return databases_.empty() || databases_.contains(database); }
  bool has(const TableRule& rule) const {
    return has(rule.database) && (tables_.empty() || tables_.contains(joined(rule.database, rule.table)));
  }
  bool has_column(const std::string& name) const { return columns_.empty() || columns_.contains(name); }

 private:
  std::unordered_set<std::string> databases_, tables_, columns_;
};

// Explicit names go into the first entries that match. Where something else selects the object, they would change what
// is selected of it.
std::string unfit(const ObjectRules& rules, const ObjectName& name, std::string_view after) {
  if (after.empty()) return "nothing would be left of the name";
  const ObjectRules::Items items = rules.items(name);
  const ObjectItem* around = nullptr;
  for (const auto& [item, part] :
       {std::pair{items.database, name.database}, {items.table, name.table}, {items.column, name.column}}) {
    if (part.empty()) break;
    if (item && item->filter_type == FilterType::gray) return "a GRAY rule selects it: change the rule";
    const bool is_first = item ? item->filter_type == FilterType::white : around && around->all;
    if (!is_first) return "it is not the first rule that matches which selects it: change the rules";
    if (!item) break;
    around = item;
  }
  return {};
}

// The renamings of all objects of one kind, with conflicts among what is edited and what is not.
class Names {
 public:
  // Target names within one space (a table's columns, the destination's tables): whose they are.
  void take(const std::string& space, const std::string& target, std::string owner, Renaming* renaming) {
    const auto [first, is_new] = taken_.emplace(joined(space, target), Owner{std::move(owner), renaming});
    if (is_new) return;
    Owner& other = first->second;
    if (renaming && renaming->conflict.empty())
      renaming->conflict = fmt::format("`{}` would have this name, too", other.name);
    if (other.renaming && other.renaming->conflict.empty())
      other.renaming->conflict = fmt::format("`{}` would have this name, too", owner_text(owner, renaming));
  }

 private:
  struct Owner {
    std::string name;
    Renaming* renaming;
  };
  static std::string owner_text(const std::string& owner, const Renaming* renaming) {
    if (!renaming) return owner;
    return renaming->column.empty() ? fmt::format("{}.{}", renaming->database, renaming->table) : renaming->column;
  }
  std::unordered_map<std::string, Owner> taken_;
};

const model::TableSchema* schema_of(const std::unordered_map<std::string, model::TableSchemaPtr>& schemas,
                                    const TableRule& rule) {
  const auto found = schemas.find(joined(rule.database, rule.table));
  return found == schemas.end() ? nullptr : found->second.get();
}

}  // namespace

Result<std::vector<Renaming>> preview(const ObjectRules& rules, const Catalogue& catalogue, const Selection& selection,
                                      const BatchEdit& edit, const EditScope& edit_scope) {
  TRY_VALUE(const Editor editor, Editor::make(edit));
  const Scope scope(edit_scope);
  std::vector<Renaming> all;  // also those that change nothing, so that places stay
  Names names;
  const auto add = [&](Renaming renaming, const ObjectName& name) {
    renaming.after = editor.renamed(renaming.before);
    if (renaming.after != renaming.before) renaming.conflict = unfit(rules, name, renaming.after);
    all.push_back(std::move(renaming));
  };
  if (edit.of == BatchEdit::Of::columns) {
    std::unordered_map<std::string, model::TableSchemaPtr> schemas;
    for (const Catalogue::Database& database : catalogue.databases)
      for (const model::TableSchemaPtr& table : database.tables)
        schemas.emplace(joined(table->database, table->table), table);
    struct Column {
      const TableRule* rule;
      const std::string* target;
      std::string source;
      std::ptrdiff_t place;  // in all, -1: not edited
    };
    std::vector<Column> columns;
    for (const TableRule& rule : selection.tables) {
      const model::TableSchema* schema = schema_of(schemas, rule);
      if (!schema || !scope.has(rule)) continue;
      for (std::size_t i = 0; i < rule.columns.size(); ++i) {
        const model::Column& column = schema->columns[i];
        if (!rule.columns[i]) continue;
        const bool is_edited = !column.is_hidden && scope.has_column(column.name);
        columns.push_back(
            {&rule, &*rule.columns[i], column.name, is_edited ? static_cast<std::ptrdiff_t>(all.size()) : -1});
        if (is_edited)
          add({rule.database, rule.table, column.name, *rule.columns[i], {}, {}},
              {rule.database, rule.table, column.name});
      }
    }
    for (const Column& column : columns) {
      Renaming* renaming = column.place < 0 ? nullptr : &all[static_cast<std::size_t>(column.place)];
      names.take(joined(column.rule->database, column.rule->table), renaming ? renaming->after : *column.target,
                 column.source, renaming);
    }
  } else if (edit.of == BatchEdit::Of::tables) {
    std::vector<std::ptrdiff_t> places;
    for (const TableRule& rule : selection.tables) {
      places.push_back(scope.has(rule) ? static_cast<std::ptrdiff_t>(all.size()) : -1);
      if (scope.has(rule))
        add({rule.database, rule.table, {}, rule.target.table, {}, {}}, {rule.database, rule.table, {}});
    }
    for (std::size_t i = 0; i < places.size(); ++i) {
      const TableRule& rule = selection.tables[i];
      Renaming* renaming = places[i] < 0 ? nullptr : &all[static_cast<std::size_t>(places[i])];
      names.take(rule.target.database, renaming ? renaming->after : rule.target.table,
                 fmt::format("{}.{}", rule.database, rule.table), renaming);
    }
  } else {
    std::unordered_map<std::string_view, std::size_t> places;
    for (const TableRule& rule : selection.tables) {
      if (!scope.has(rule.database) || !places.emplace(rule.database, all.size()).second) continue;
      add({rule.database, {}, {}, rule.target.database, {}, {}}, {rule.database, {}, {}});
    }
    for (const TableRule& rule : selection.tables) {
      const auto found = places.find(rule.database);
      Renaming* renaming = found == places.end() ? nullptr : &all[found->second];
      names.take(renaming ? renaming->after : rule.target.database, rule.target.table,
                 fmt::format("{}.{}", rule.database, rule.table), renaming);
    }
  }
  std::erase_if(all, [](const Renaming& renaming) { return renaming.before == renaming.after; });
  return all;
}

namespace {

// Exact entries of a list, made where a pattern or the whole around it has selected the object so far.
class Writer {
 public:
  Writer(const ObjectRules& rules, ObjectList list) : rules_(rules), list_(std::move(list)) {}

  Status write(const Renaming& renaming) {
    TRY_VALUE(ObjectItem * item, database_item(renaming.database));
    if (!renaming.table.empty()) {
      TRY_VALUE(item, table_item(*item, renaming));
    }
    if (!renaming.column.empty()) {
      TRY_VALUE(item, column_item(*item, renaming));
    }
    return item->set("name", Json::of(renaming.after));
  }

  ObjectList take() && { return std::move(list_); }

 private:
  using Places = std::unordered_map<std::string, std::size_t>;

  // Of one group of items; made when it is first asked for. Items are added at the end only, so places stay.
  Places& places(const std::string& space, const std::vector<ObjectItem>& items) {
    const auto [found, is_new] = places_.try_emplace(space);
    if (is_new)
      for (std::size_t i = 0; i < items.size(); ++i)
        if (items[i].pattern == PatternType::bare_name) found->second.emplace(items[i].source, i);
    return found->second;
  }

  Result<ObjectItem*> item_in(const std::string& space, std::vector<ObjectItem>& items, const std::string& name,
                              const ObjectName& full, const ObjectItem* otherwise) {
    Places& known = places(space, items);
    if (const auto found = known.find(name); found != known.end()) return &items[found->second];
    ObjectItem item;
    if (otherwise) item = *otherwise;  // a pattern's: all that it says goes on holding
    item.source = name;
    if (otherwise && !otherwise->target.empty()) {
      TRY_VALUE(const std::string target, rules_.target(full));
      TRY(item.set("name", Json::of(target)));
    }
    std::erase_if(item.attributes, [](const JsonMember& member) { return member.name == "patternType"; });
    if (!otherwise) TRY(item.set("all", Json::flag(true)));
    TRY(item.interpret());
    known.emplace(name, items.size());
    items.push_back(std::move(item));
    return &items.back();
  }

  Result<ObjectItem*> database_item(const std::string& name) {
    const ObjectName full = {name, {}, {}};
    return item_in("", list_.databases, name, full, rules_.items(full).database);
  }
  Result<ObjectItem*> table_item(ObjectItem& database, const Renaming& renaming) {
    const ObjectName full = {renaming.database, renaming.table, {}};
    return item_in(joined(renaming.database, ""), database.make_items(ItemType::table), renaming.table, full,
                   rules_.items(full).table);
  }
  Result<ObjectItem*> column_item(ObjectItem& table, const Renaming& renaming) {
    const ObjectName full = {renaming.database, renaming.table, renaming.column};
    return item_in(joined(renaming.database, renaming.table, "c"), table.make_items(ItemType::column), renaming.column,
                   full, rules_.items(full).column);
  }

  const ObjectRules& rules_;
  ObjectList list_;
  std::unordered_map<std::string, Places> places_;
};

}  // namespace

Result<ObjectList> apply_renamings(const ObjectRules& rules, const std::vector<Renaming>& renamings) {
  Writer writer(rules, rules.list());
  for (const Renaming& renaming : renamings) {
    if (!renaming.conflict.empty())
      return base::fail(ErrorCode::objects_conflict, fmt::format("`{}`: {}", renaming.after, renaming.conflict),
                        fmt::format("{}{}{}{}{}", renaming.database, renaming.table.empty() ? "" : ".", renaming.table,
                                    renaming.column.empty() ? "" : ".", renaming.column));
    TRY(writer.write(renaming));
  }
  return std::move(writer).take();
}

}  // namespace tributary::transform
