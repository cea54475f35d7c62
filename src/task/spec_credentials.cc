#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "task/spec_parts.h"

namespace tributary::task {
namespace {

using base::ErrorCode;

constexpr std::size_t password_bytes_max = 64 << 10;

Secret from_environment(const Section& section, const std::string& name) {
  const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
  if (!value && !name.empty()) {
    section.problems().add(ErrorCode::task_secret_missing, section.mark("password_env"),
                           fmt::format("the environment variable {} is not set", quote(name)));
  }
  return Secret(value ? value : "");
}

Secret from_file(const Section& section, const std::filesystem::path& path) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  std::string text(password_bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  const bool failed = !file.is_open() || file.bad() || std::filesystem::is_directory(path, ignored);
  if (failed || text.size() > password_bytes_max) {
    section.problems().add(
        ErrorCode::task_secret_missing, section.mark("password_file"),
        fmt::format("the file {} {}", quote(path.string()), failed ? "can't be read" : "is too large"));
    return {};
  }
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return Secret(std::move(text));
}

// Unlike other texts a password may be empty, and must not be shown in a message.
Secret from_value(const Section& section) {
  const YamlNode* node = section.find("password");
  if (node->kind == YamlNode::Kind::scalar) return Secret(node->text);
  section.bad("password", "must be one text; quote it if it has special characters");
  return {};
}

}  // namespace

Credentials read_credentials(const Section& section, std::string_view user_key, const std::filesystem::path& base_dir,
                             bool required, const Credentials& otherwise) {
  Credentials credentials = otherwise;
  if (required) section.require(user_key);
  if (section.has(user_key)) credentials.user = section.text(user_key);
  std::string_view given;
  for (const std::string_view key : {"password", "password_env", "password_file"}) {
    if (!section.has(key)) continue;
    if (!given.empty()) section.bad(key, fmt::format("stands beside {}: give one of the two", given));
    given = key;
  }
  if (given.empty()) {
    if (required) section.require("password");
  } else if (given == "password") {
    credentials.password = from_value(section);
  } else if (given == "password_env") {
    credentials.password = from_environment(section, section.text(given));
  } else if (const std::string file = section.text(given); !file.empty()) {
    credentials.password = from_file(section, base_dir / file);
  }
  return credentials;
}

std::string read_file_name(const Section& section, std::string_view key, const std::filesystem::path& base_dir) {
  const std::filesystem::path file = base_dir / section.text(key);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored))
    section.bad(key, fmt::format("names {}, which is no file", quote(file.string())));
  return std::filesystem::absolute(file, ignored).lexically_normal().string();
}

Tls read_tls(const Section& parent, const std::filesystem::path& base_dir, bool of_source) {
  const Section section = of_source ? parent.section("tls", {"enabled", "ca", "verify", "cert", "key"})
                                    : parent.section("tls", {"enabled", "ca"});
  Tls tls;
  if (!section.present()) return tls;
  tls.enabled = section.boolean("enabled", true);
  const auto read_file = [&](std::string_view key) {
    return section.has(key) ? read_file_name(section, key, base_dir) : std::string();
  };
  tls.ca = read_file("ca");
  if (!of_source) return tls;
  tls.cert = read_file("cert");
  tls.key = read_file("key");
  if (section.has("cert") != section.has("key"))
    section.bad(section.has("cert") ? "cert" : "key", "needs its other half: give cert and key");
  tls.verify =
      section.choice<TlsVerify>("verify", {{"full", TlsVerify::full}, {"ca", TlsVerify::ca}, {"none", TlsVerify::none}},
                                tls.ca.empty() ? TlsVerify::none : TlsVerify::full);
  if (tls.verify == TlsVerify::ca && !section.has("ca")) section.bad("verify", "is ca, and no ca is given");
  return tls;
}

bool is_host(std::string_view text) {
  const auto is_host_character = [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
           c == '_' || c == ':' || c == '%';
  };
  return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, is_host_character);
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

}  // namespace tributary::task
