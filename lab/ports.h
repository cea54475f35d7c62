// Free TCP ports on 127.0.0.1, from below the range the kernel hands to outgoing connections: a part of the lab that is
// taken down must find its own port free when it comes back.
#pragma once

#include <cstdint>
#include <set>

#include "base/error.h"

namespace tributary::lab {

bool port_is_free(std::uint16_t port);
// `preferred` if it is free, otherwise another; never one of `taken`, into which the result is put.
base::Result<std::uint16_t> choose_port(std::uint16_t preferred, std::set<std::uint16_t>& taken);

}  // namespace tributary::lab
