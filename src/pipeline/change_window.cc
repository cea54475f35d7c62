#include "pipeline/change_window.h"

namespace tributary::pipeline {

ChangeWindow::Ticket ChangeWindow::open() {
  open_.insert(++now_);
  return now_;
}

void ChangeWindow::close(Ticket ticket) {
  open_.erase(open_.find(ticket));
  if (open_.empty()) {
    changes_.clear();
    return;
  }
  // What changed before the oldest chunk that is still open matters to nobody.
  constexpr std::size_t worth_a_sweep = 4096;
  if (changes_.size() >= worth_a_sweep)
    std::erase_if(changes_, [&](const auto& c) { return c.second < *open_.begin(); });
}

void ChangeWindow::changed(std::string_view identity) {
  if (open_.empty()) return;
  ++now_;
  const auto found = changes_.find(identity);
  if (found != changes_.end())
    found->second = now_;
  else
    changes_.emplace(identity, now_);
  if (changes_.size() > changes_max_) {
    void_to_ = now_;
    changes_.clear();
  }
}

bool ChangeWindow::is_outdated(Ticket ticket, std::string_view identity) const {
  const auto found = changes_.find(identity);
  return found != changes_.end() && found->second > ticket;
}

}  // namespace tributary::pipeline
