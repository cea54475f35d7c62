#include "front/front.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <list>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "front/protocol.h"
#include "front/session.h"

namespace tributary::lab {

using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

struct Client {
  int socket = -1;
  std::uint32_t id = 0;
  std::unique_ptr<Session> session;  // guarded by the front's mutex until the thread has ended
  std::thread thread;
  std::atomic<bool> ended = false;
};

SqlError access_denied(const Login& login) {
  return {1045, "28000",
          fmt::format("Access denied for user '{}'@'127.0.0.1' (using password: {})", login.user,
                      login.response.empty() ? "NO" : "YES")};
}

bool log_in(Channel& channel, const Shared& shared, std::uint32_t id, Login& login) {
  const std::string scramble = make_scramble();
  if (!channel.write(greeting(id, scramble)) || !channel.flush()) return false;
  const auto packet = channel.read();
  if (!packet) return false;
  auto parsed = parse_login(*packet);
  if (!parsed) {
    write_error(channel, {1043, "08S01", "Bad handshake"}, "");
    channel.flush();
    return false;
  }
  login = std::move(*parsed);
  if (!login.plugin.empty() && login.plugin != "mysql_native_password") {
    if (!channel.write(auth_switch_request(scramble)) || !channel.flush()) return false;
    auto response = channel.read();
    if (!response) return false;
    login.response = std::move(*response);
  }
  if (login.user != shared.config.user || !password_matches(shared.config.password, scramble, login.response)) {
    write_error(channel, access_denied(login), "");
    channel.flush();
    return false;
  }
  return true;
}

// One command; false to end the conversation.
bool serve_command(Channel& channel, Session& session, std::string_view packet) {
  const auto status = [&] { return SessionStatus{session.autocommit(), session.in_transaction()}; };
  const std::string_view body = packet.substr(1);
  switch (static_cast<Command>(packet[0])) {
    case Command::quit:
      return false;
    case Command::init_db:
      if (const auto used = session.use(body); !used) return write_error(channel, used.error(), session.error_prefix());
      return write_ok(channel, {}, status());
    case Command::query: {
      const auto outcome = session.run(body);
      if (!outcome) return write_error(channel, outcome.error(), session.error_prefix());
      if (outcome->table) return write_table(channel, *outcome->table, status());
      return write_ok(channel, *outcome, status());
    }
    case Command::ping:
    case Command::reset_connection:
    case Command::register_slave:
      return write_ok(channel, {}, status());
    case Command::set_option:
      return write_eof(channel, status());
    case Command::statistics:
      return channel.write("Uptime: 1  Threads: 1");
    default:
      return write_error(channel, {1047, "08S01", "Unknown command"}, session.error_prefix());
  }
}

}  // namespace

struct Front::State {
  Shared shared;
  int listener = -1;
  std::thread acceptor;
  std::mutex mutex;
  std::list<Client> clients;  // guarded by mutex
  bool stopping = false;      // guarded by mutex
  std::uint32_t next_id = 1;

  void accept_clients();
  void serve(Client& client);
  void reap();  // with mutex held
};

void Front::State::serve(Client& client) {
  Channel channel(client.socket);
  Login login;
  if (log_in(channel, shared, client.id, login)) {
    auto made = std::make_unique<Session>(shared, client.id, login.user);
    Session& session = *made;
    {
      const std::lock_guard lock(mutex);
      client.session = std::move(made);
    }
    const auto used = login.database.empty() ? Answer<void>{} : session.use(login.database);
    bool going = used ? write_ok(channel, {}, {}) : (write_error(channel, used.error(), ""), false);
    going = channel.flush() && going;
    while (going) {
      channel.restart();
      const auto packet = channel.read();
      going = packet && !packet->empty() && serve_command(channel, session, *packet);
      going = channel.flush() && going;
    }
    session.close();
  }
  const std::lock_guard lock(mutex);
  client.session.reset();
  ::close(client.socket);
  client.socket = -1;
  client.ended = true;
}

void Front::State::reap() {
  for (auto client = clients.begin(); client != clients.end();) {
    if (!client->ended) {
      ++client;
      continue;
    }
    client->thread.join();
    client = clients.erase(client);
  }
}

void Front::State::accept_clients() {
  while (true) {
    const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    const std::lock_guard lock(mutex);
    if (socket < 0 || stopping) {
      if (socket >= 0) ::close(socket);
      if (!stopping) base::log::error("the front no longer accepts clients: {}", std::strerror(errno));
      return;
    }
    reap();
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Client& client = clients.emplace_back();
    client.socket = socket;
    client.id = next_id++;
    client.thread = std::thread([this, &client] { serve(client); });
  }
}

Front::Front(std::unique_ptr<State> state) : state_(std::move(state)) {}
Front::~Front() { stop(); }

std::uint16_t Front::port() const { return state_->shared.port; }

std::vector<std::vector<std::string>> Front::databases() const {
  std::vector<std::vector<std::string>> out(state_->shared.config.storage.size());
  for (const auto& shard : state_->shared.catalogue->shards())
    out[static_cast<std::size_t>(shard.storage)].push_back(shard.database);
  return out;
}

void Front::stop() {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    state_->stopping = true;
    ::shutdown(state_->listener, SHUT_RDWR);
    for (Client& client : state_->clients) {
      if (client.socket >= 0) ::shutdown(client.socket, SHUT_RDWR);
      if (client.session) client.session->abort();
    }
  }
  state_->acceptor.join();
  ::close(state_->listener);
  for (Client& client : state_->clients) client.thread.join();
  state_->clients.clear();
}

Result<std::unique_ptr<Front>> start_front(FrontConfig config) {
  if (config.storage.empty() || config.databases_per_instance < 1 || config.database.empty())
    return fail(ErrorCode::task_bad_value, "the front needs a database name, storage instances and databases on them");
  auto state = std::make_unique<Front::State>();
  TRY_VALUE(state->shared.catalogue,
            Catalogue::open(config.state_dir, config.database, static_cast<int>(config.storage.size()),
                            config.databases_per_instance));
  state->shared.config = std::move(config);
  TRY(prepare_storage(state->shared));
  state->shared.sequences = std::make_unique<Sequences>(state->shared.endpoint(0));

  const auto io_error = [&](std::string_view what) {
    const std::string text = fmt::format("{}: {}", what, std::strerror(errno));
    if (state->listener >= 0) ::close(state->listener);
    return fail(ErrorCode::io, text, fmt::format("127.0.0.1:{}", state->shared.config.port));
  };
  state->listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (state->listener < 0) return io_error("socket");
  const int on = 1;
  setsockopt(state->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(state->shared.config.port);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(state->listener, generic, size) != 0) return io_error("bind");
  if (::listen(state->listener, 128) != 0) return io_error("listen");
  if (::getsockname(state->listener, generic, &size) != 0) return io_error("getsockname");
  state->shared.port = ntohs(address.sin_port);
  Front::State& running = *state;
  running.acceptor = std::thread([&running] { running.accept_clients(); });
  return std::unique_ptr<Front>(new Front(std::move(state)));
}

}  // namespace tributary::lab
