# shellcheck shell=bash
# build, format, clean

configure_preset() { # PRESET
  need build
  [[ $1 != fuzz ]] || need fuzz
  [[ -f build/$1/build.ninja ]] || quietly "configure-$1" cmake --preset "$1"
}

# build_preset PRESET [TARGET...]
build_preset() {
  local preset=$1 targets=()
  shift
  configure_preset "$preset" || return 1
  [[ $# -gt 0 ]] && targets=(--target "$@")
  say "building $preset${*:+: $*}"
  cmake --build --preset "$preset" -j "$JOBS" "${targets[@]+"${targets[@]}"}" >&2
}

dev_build() {
  local preset=dev targets=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      --preset) preset=${2:?--preset needs a name}; shift 2 ;;
      --preset=*) preset=${1#*=}; shift ;;
      -*) say_error "build: unknown option $1"; exit 2 ;;
      *) targets+=("$1"); shift ;;
    esac
  done
  case $preset in
    dev | release | asan | tsan | fuzz) ;;
    *) say_error "build: no preset '$preset' (dev, release, asan, tsan, fuzz)"; exit 2 ;;
  esac
  build_preset "$preset" "${targets[@]+"${targets[@]}"}"
}

# Tracked and new C++ files, without those that git ignores.
cxx_files() { git ls-files --cached --others --exclude-standard -- '*.cc' '*.h'; }

dev_format() {
  need format
  cxx_files | xargs -r clang-format -i
}

dev_clean() {
  rm -rf build
  if [[ ${1:-} == --all ]]; then
    say "removing $TRIBUTARY_CACHE"
    rm -rf "$TRIBUTARY_CACHE"
  fi
}
