// The commands, each with its arguments as a value. They print what they do and return the exit code. Not for other
// folders.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/cli.h"

namespace tributary::cli {

struct RunArguments {
  std::string file;
  std::string until;  // "" or "caught-up"
  std::string log_level = "warn";
  bool json = false, check = false, print = false;
  bool accept_topology = false, accept_structure = false;
};
int command_run(const RunArguments& arguments, const Doors& doors);

struct TopologyArguments {
  std::string file;
  bool json = false;
};
int command_topology(const TopologyArguments& arguments, const Doors& doors);

struct ObjectsArguments {
  std::string file;
  bool db_list = false, json = false;
};
int command_objects(const ObjectsArguments& arguments, const Doors& doors);

struct TailArguments {
  std::string file;  // or brokers and topics
  std::string brokers, security = "plaintext", username, password_env, password_file, ca;
  bool tls = false;
  std::vector<std::string> topics;
  std::vector<std::int32_t> partitions;
  std::string from = "beginning", until;
  std::optional<std::uint64_t> limit;
  std::vector<std::string> tables, operations;
  bool json = false;
};
int command_tail(const TailArguments& arguments, const Doors& doors);

struct BinlogArguments {
  std::vector<std::string> files;
  std::optional<std::uint64_t> from, to;
  std::vector<std::string> tables;
  bool rows = true;
  bool statistics = false, verify = false, keep_going = false, json = false;
};
int command_binlog(const BinlogArguments& arguments, const Doors& doors);

struct SchemaArguments {
  std::vector<std::string> files;
  std::string dialect = "mysql", server_version, database = "test";
  bool json = false;
};
int command_schema(const SchemaArguments& arguments, const Doors& doors);

struct VerifyArguments {
  std::string file;
  bool anew = false, repair = false, json = false;
  std::uint32_t sample = 100, patience_s = 60;
  std::uint64_t rate = 0, show = 20;
  std::vector<std::string> tables;
};
int command_verify(const VerifyArguments& arguments, const Doors& doors);

struct EtlArguments {
  std::string action;  // "check", "try", "functions"
  std::string file;
  std::string script, script_file;  // instead of the task's
  std::vector<std::string> tables;
  std::uint64_t rows = 5;
  std::string operation = "insert";
  bool json = false;
};
int command_etl(const EtlArguments& arguments, const Doors& doors);

struct ErrorsArguments {
  std::string code;  // empty: all
  bool json = false;
};
int command_errors(const ErrorsArguments& arguments);

}  // namespace tributary::cli
