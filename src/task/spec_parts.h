// The larger sections of a task file, each read in a file of its own. Not for other folders.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "task/spec.h"
#include "task/spec_reader.h"

namespace tributary::task {

Source read_source(const Section& task, const std::filesystem::path& base_dir);
// The format's keys of the destination into it: format, canal_json, debezium_json, avro, registry.
void read_format(const Section& destination, const std::filesystem::path& base_dir, std::string_view task_name,
                 Destination& into);
Destination read_destination(const Section& task, const std::filesystem::path& base_dir, std::string_view task_name);
transform::Scripts read_etl(const Section& task);
std::string_view to_string(transform::etl::ErrorPolicy policy);
std::vector<transform::AdditionalColumn> read_additional_columns(const Section& task);
transform::ObjectList read_objects(const Section& task, const std::filesystem::path& base_dir);
transform::Capitalization read_capitalization(const Section& task);
// Databases and tables that have to be looked at for a list; all of a database where only its rules can tell.
std::vector<ObjectSelection> selections_of(const transform::ObjectList& list);
// The list that says no more than these.
transform::ObjectList plain_list(const std::vector<ObjectSelection>& selections);

// user_key: "user" for servers, "username" for brokers. The keys password, password_env and password_file exclude each
// other; with `required` one of them and the user must be there. What is absent is taken from `otherwise`.
Credentials read_credentials(const Section& section, std::string_view user_key, const std::filesystem::path& base_dir,
                             bool required, const Credentials& otherwise = {});
// of_source: with verify, cert and key.
Tls read_tls(const Section& parent, const std::filesystem::path& base_dir, bool of_source);

// The absolute name of a file that a key names; what is no file is noted.
std::string read_file_name(const Section& section, std::string_view key, const std::filesystem::path& base_dir);

bool is_host(std::string_view text);
std::uint64_t fnv1a(std::string_view text);

}  // namespace tributary::task
