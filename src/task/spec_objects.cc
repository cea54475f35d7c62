// The sections `objects` and `names`: the short form, the long one, and DTS's DbList in the file or beside it.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>

#include "task/spec_parts.h"

namespace tributary::task {
namespace {

using base::ErrorCode;
using transform::FilterType;
using transform::ItemType;
using transform::Json;
using transform::ObjectItem;
using transform::ObjectList;
using transform::PatternType;

class ObjectsReader {
 public:
  ObjectsReader(const Section& task, const std::filesystem::path& base_dir) : task_(task), base_dir_(base_dir) {}

  ObjectList read() {
    task_.require("objects");
    const YamlNode* node = task_.find("objects");
    if (!node) return {};
    if (node->kind != YamlNode::Kind::map || node->children.empty()) {
      task_.bad("objects", "must be a map like {shop: all} or {shop: [orders, users]}");
      return {};
    }
    for (const std::string_view key : {"db_list", "db_list_file"})
      if (const YamlNode* list = node->child(key); list && list->kind == YamlNode::Kind::scalar && list->text != "all")
        return read_db_list(*node, *list);
    ObjectList list;
    for (const YamlNode& database : node->children) list.databases.push_back(read_database(database));
    check_rules(list, {});
    return list;
  }

 private:
  // "regex:..." and "glob:..." are patterns.
  static ObjectItem item_of(std::string_view name, Mark mark) {
    ObjectItem item;
    item.place = {static_cast<std::uint32_t>(mark.line), static_cast<std::uint32_t>(mark.column)};
    static constexpr std::pair<std::string_view, PatternType> kinds[] = {{"regex:", PatternType::regex},
                                                                         {"glob:", PatternType::fnmatch}};
    for (const auto& [prefix, type] : kinds) {
      if (!name.starts_with(prefix)) continue;
      name.remove_prefix(prefix.size());
      item.attributes.push_back({"patternType", Json::of(to_string(type)), {}});
    }
    item.source = name;
    return item;
  }

  void set(ObjectItem& item, std::string_view key, Json value, Mark mark) {
    const auto status = item.set(key, std::move(value));
    if (!status) task_.problems().add(status.error().code, mark, status.error().what);
  }
  void set_text(ObjectItem& item, std::string_view key, const Section& section, std::string_view yaml_key) {
    if (const std::string text = section.text(yaml_key); !text.empty())
      set(item, key, Json::of(text), section.mark(yaml_key));
  }
  // A list of words or one text of them.
  void set_dml(ObjectItem& item, const Section& section) {
    if (!section.has("dml")) return;
    std::string words;
    for (const std::string& word : section.texts("dml")) words += (words.empty() ? "" : ",") + word;
    const auto dml = transform::parse_dml(words);
    if (!dml)
      section.bad("dml", dml.error().what);
    else if (*dml)
      set(item, "dml_op", Json::of(transform::dml_text(**dml)), section.mark("dml"));
  }
  void set_all(ObjectItem& item, const Section& section, bool otherwise) {
    set(item, "all", Json::flag(section.boolean("all", otherwise)), section.mark("all"));
  }

  ObjectItem read_database(const YamlNode& node) {
    const std::string path = "objects." + node.key;
    ObjectItem item = named(node, path);
    if (node.kind == YamlNode::Kind::list) {
      set(item, "all", Json::flag(false), node.mark);
      add_listed(item, ItemType::table, node, path, FilterType::white);
    } else if (node.kind == YamlNode::Kind::map) {
      const Section section(task_.problems(), &node, path,
                            {"name", "all", "tables", "exclude", "dml", "ddl", "message_key"});
      set_text(item, "name", section, "name");
      set_all(item, section, !section.has("tables"));
      set_dml(item, section);
      set_text(item, "ddl_op", section, "ddl");
      set_text(item, "message_key", section, "message_key");
      if (const YamlNode* tables = section.find("tables"))
        add_items(item, ItemType::table, *tables, section.path_of("tables"));
      add_excluded(item, ItemType::table, section);
    } else if (node.kind == YamlNode::Kind::scalar && node.text == "all") {
      set(item, "all", Json::flag(true), node.mark);
    } else {
      task_.bad(node.mark, path, "must be `all` or a list of tables like [orders, users]");
    }
    return item;
  }

  ObjectItem named(const YamlNode& node, const std::string& path) {
    ObjectItem item = item_of(node.key, node.key_mark);
    if (item.source.empty()) task_.bad(node.key_mark, path, "has an empty name");
    const auto status = item.interpret();
    if (!status) task_.problems().add(status.error().code, node.key_mark, status.error().what);
    return item;
  }

  void add_listed(ObjectItem& around, ItemType type, const YamlNode& node, const std::string& path, FilterType filter) {
    std::vector<ObjectItem>& items = around.make_items(type);
    const std::vector<std::string> names = scalar_texts(task_.problems(), node, path);
    for (std::size_t i = 0; i < names.size(); ++i) {
      const bool is_list = node.kind == YamlNode::Kind::list && node.children.size() == names.size();
      const Mark mark = is_list ? node.children[i].mark : node.mark;
      ObjectItem item = item_of(names[i], mark);
      if (item.source.empty()) task_.bad(mark, path, "has an empty name");
      if (filter == FilterType::black) set(item, "filterType", Json::of("BLACK"), mark);
      set(item, "all", Json::flag(true), mark);
      items.push_back(std::move(item));
    }
  }

  // A list of names; or a map of names to target names or maps.
  void add_items(ObjectItem& around, ItemType type, const YamlNode& node, const std::string& path) {
    if (node.kind != YamlNode::Kind::map) return add_listed(around, type, node, path, FilterType::white);
    if (node.children.empty()) task_.bad(node.mark, path, "names nothing");
    for (const YamlNode& child : node.children) {
      const std::string inner = path + "." + child.key;
      ObjectItem item = named(child, inner);
      if (child.kind == YamlNode::Kind::scalar) {
        if (const std::string target = scalar_text(task_.problems(), child, inner); !target.empty())
          set(item, "name", Json::of(target), child.mark);
        set(item, "all", Json::flag(true), child.mark);
      } else if (child.kind == YamlNode::Kind::null) {
        set(item, "all", Json::flag(true), child.mark);
      } else if (type == ItemType::table) {
        read_table(item, child, inner);
      } else {
        const Section section(task_.problems(), &child, inner, {"name"});
        set_text(item, "name", section, "name");
        set(item, "all", Json::flag(true), child.mark);
      }
      around.make_items(type).push_back(std::move(item));
    }
  }

  void read_table(ObjectItem& item, const YamlNode& node, const std::string& path) {
    const Section section(task_.problems(), &node, path,
                          {"name", "all", "columns", "exclude", "where", "dml", "ddl", "message_key"});
    set_text(item, "name", section, "name");
    set_all(item, section, !section.has("columns"));
    set_dml(item, section);
    set_text(item, "ddl_op", section, "ddl");
    set_text(item, "filter", section, "where");
    set_text(item, "message_key", section, "message_key");
    if (const YamlNode* columns = section.find("columns"))
      add_items(item, ItemType::column, *columns, section.path_of("columns"));
    add_excluded(item, ItemType::column, section);
  }

  void add_excluded(ObjectItem& around, ItemType type, const Section& section) {
    if (const YamlNode* excluded = section.find("exclude"))
      add_listed(around, type, *excluded, section.path_of("exclude"), FilterType::black);
  }

  ObjectList read_db_list(const YamlNode& objects, const YamlNode& node) {
    for (const YamlNode& other : objects.children)
      if (&other != &node)
        task_.problems().add(
            ErrorCode::task_unknown_key, other.key_mark,
            fmt::format("{} stands beside a whole list of objects: put it into the list", quote(other.key)));
    std::string text = node.text;
    std::string place_of_list = "the list";
    if (node.key == "db_list_file") {
      place_of_list = node.text;
      const auto read = read_file(base_dir_ / node.text);
      if (!read) {
        task_.bad(node.mark, "objects.db_list_file", fmt::format("names {}, which can't be read", quote(node.text)));
        return {};
      }
      text = *read;
    }
    auto list = ObjectList::from_db_list(text);
    if (!list) {
      add_problem_of_list(list.error(), node.mark, place_of_list);
      return {};
    }
    if (list->databases.empty()) task_.bad(node.mark, "objects." + node.key, "names no database");
    check_rules(*list, std::pair{node.mark, place_of_list});
    return std::move(*list);
  }

  static std::optional<std::string> read_file(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored)) return std::nullopt;
    const auto size = std::filesystem::file_size(path, ignored);
    if (ignored || size > transform::json_bytes_max) return std::nullopt;
    std::ifstream file(path, std::ios::binary);
    std::string text(size, '\0');
    if (!file.read(text.data(), static_cast<std::streamsize>(size))) return std::nullopt;
    return text;
  }

  void add_problem_of_list(const base::Error& error, Mark mark, std::string_view list) {
    task_.problems().add(error.code, mark, fmt::format("{}:{}: {}", list, error.where, error.what));
  }

  // Patterns and target names, which only show when they are compiled.
  void check_rules(const ObjectList& list, const std::optional<std::pair<Mark, std::string>>& in_list) {
    if (!task_.problems().empty()) return;
    const auto rules = transform::ObjectRules::compile(list);
    if (rules) return;
    if (in_list) return add_problem_of_list(rules.error(), in_list->first, in_list->second);
    Mark mark;
    const std::string& where = rules.error().where;
    const std::size_t colon = where.find(':');
    std::from_chars(where.data(), where.data() + std::min(colon, where.size()), mark.line);
    if (colon != std::string::npos) std::from_chars(where.data() + colon + 1, where.data() + where.size(), mark.column);
    task_.problems().add(rules.error().code, mark, rules.error().what);
  }

  const Section& task_;
  const std::filesystem::path& base_dir_;
};

bool is_exact(const ObjectItem& item) {
  return item.pattern == PatternType::bare_name && item.filter_type == FilterType::white;
}

}  // namespace

ObjectList read_objects(const Section& task, const std::filesystem::path& base_dir) {
  return ObjectsReader(task, base_dir).read();
}

transform::Capitalization read_capitalization(const Section& task) {
  using enum transform::Capitalization;
  return task.section("names", {"capitalization"})
      .choice<transform::Capitalization>(
          "capitalization", {{"default", default_}, {"source", source}, {"upper", upper}, {"lower", lower}}, default_);
}

std::vector<ObjectSelection> selections_of(const ObjectList& list) {
  std::vector<ObjectSelection> selections;
  for (const ObjectItem& database : list.databases) {
    if (database.pattern != PatternType::bare_name || (database.filter_type == FilterType::black && database.all))
      continue;
    ObjectSelection& selection = selections.emplace_back(ObjectSelection{.database = database.source});
    selection.all = database.all;
    const std::vector<ObjectItem>* tables = database.items(ItemType::table);
    if (selection.all || !tables) continue;
    if (!std::ranges::all_of(*tables, is_exact)) {
      selection.all = true;
      continue;
    }
    for (const ObjectItem& table : *tables) selection.tables.push_back(table.source);
  }
  return selections;
}

ObjectList plain_list(const std::vector<ObjectSelection>& selections) {
  const auto item_of = [](const std::string& name, bool all) {
    ObjectItem item;
    item.source = name;
    item.attributes.push_back({"all", Json::flag(all), {}});
    item.all = all;
    return item;
  };
  ObjectList list;
  for (const ObjectSelection& selection : selections) {
    ObjectItem& database = list.databases.emplace_back(item_of(selection.database, selection.all));
    for (const std::string& table : selection.tables)
      database.make_items(ItemType::table).push_back(item_of(table, true));
  }
  return list;
}

bool TaskSpec::has_plain_objects() const {
  const bool keeps_names =
      capitalization == transform::Capitalization::default_ || capitalization == transform::Capitalization::source;
  return keeps_names && plain_list(objects) == object_list;
}

}  // namespace tributary::task
