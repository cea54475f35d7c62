# shellcheck shell=bash
# Debian 12 packages by what they are needed for, and their installation.

declare -A PACKAGES=(
  [build]="g++ cmake ninja-build ccache pkg-config make git libmariadb-dev librdkafka-dev libyaml-cpp-dev libcli11-dev
    libspdlog-dev libfmt-dev libsqlite3-dev librocksdb-dev libgtest-dev libbenchmark-dev libzstd-dev zlib1g-dev libdeflate-dev libssl-dev
    libicu-dev libcurl4-openssl-dev libre2-dev nlohmann-json3-dev"
  [lab]="python3 mariadb-server-core mariadb-client-core mariadb-client"
  [test]="python3 python3-venv kcat percona-toolkit"
  [pytest]="python3-pytest python3-confluent-kafka"
  [format]="clang-format"
  # Debian's default clang 14 can't compile std::expected of libstdc++ 12, hence 19 (docs/adr/0001-compilers.md).
  [fuzz]="clang-19 libclang-rt-19-dev"
  [check]="python3 shellcheck clang-tidy-19"
  [java]="default-jre-headless"
  [jdk]="openjdk-17-jdk-headless"
  [maven]="maven"
  [npm]="npm"
)

# A program that came by another way than its package will do as well.
declare -A PACKAGE_PROGRAM=([default-jre-headless]=java [openjdk-17-jdk-headless]=javac [maven]=mvn [npm]=npm [git]=git [make]=make)

missing_packages() { # SET... -> names, one a line
  local set list=""
  for set in "$@"; do
    list+=" ${PACKAGES[$set]}"
  done
  command -v dpkg-query >/dev/null || {
    # Not a Debian: only programs can be checked.
    local p
    for p in $list; do command -v "${PACKAGE_PROGRAM[$p]:-$p}" >/dev/null || echo "$p"; done
    return
  }
  local installed package
  # dpkg-query fails when it does not know one of the names.
  # shellcheck disable=SC2086  # a list of words
  installed=$({ dpkg-query -W -f='${Package} ${db:Status-Status}\n' $list 2>/dev/null || true; } |
    awk '$2 == "installed" {print $1}')
  for package in $list; do
    grep -qxF "$package" <<<"$installed" && continue
    [[ -n ${PACKAGE_PROGRAM[$package]:-} ]] && command -v "${PACKAGE_PROGRAM[$package]}" >/dev/null && continue
    echo "$package"
  done | sort -u
}

as_root() {
  if [[ $(id -u) == 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    say_error "installing packages needs root or sudo; as root: apt-get install ${missing[*]-}"
    return 1
  fi
}

apt_install() { # PACKAGE...
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -y -o DPkg::Lock::Timeout=600)
  local package
  for package in "$@"; do
    # A package without a candidate: the package lists are missing or old.
    if ! apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]'; then
      say "apt-get update"
      as_root "${apt[@]}" update -q || return 1
      break
    fi
  done
  say "apt-get install $*"
  as_root "${apt[@]}" install -q --no-install-recommends "$@" && return 0
  say "apt-get update, and once more"
  as_root "${apt[@]}" update -q && as_root "${apt[@]}" install -q --no-install-recommends "$@"
}

# need SET...: ends the script if these packages are missing and can't be installed.
need() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} == 0 ]] && return 0
  if [[ $INSTALL == no ]]; then
    say_error "missing: ${missing[*]}"
    say_error "without --no-install this is installed: apt-get install --no-install-recommends ${missing[*]}"
    exit 1
  fi
  if ! command -v apt-get >/dev/null; then
    say_error "missing, and there is no apt-get here (Debian 12 is what ./dev knows): ${missing[*]}"
    exit 1
  fi
  quiet_apt "${missing[@]}" || exit 1
}

# want SET...: as need, but the caller goes on without (and says so) when it returns 1.
want() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [[ ${#missing[@]} == 0 ]] && return 0
  if [[ $INSTALL == no ]]; then
    say "missing, but not needed: ${missing[*]}"
    return 1
  fi
  command -v apt-get >/dev/null && quiet_apt "${missing[@]}"
}

quiet_apt() {
  say "installing with apt: $*"
  # sudo may have to ask for a password: then nothing is hidden.
  if [[ $(id -u) == 0 ]]; then quietly apt apt_install "$@"; else apt_install "$@"; fi
}
