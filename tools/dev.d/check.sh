# shellcheck shell=bash
# check: what a change must pass besides the tests. Every step runs, then a table says which failed and what each took.

CHECK_RESULTS=()

step() { # NAME FUNCTION...
  local name=$1 started=$SECONDS verdict=passed
  shift
  say "$name"
  "$@" || verdict=FAILED
  CHECK_RESULTS+=("$(printf '%-8s %-28s %4d s' "$verdict" "$name" $((SECONDS - started)))")
}

check_format() {
  local out
  out=$(cxx_files | xargs -r clang-format --dry-run -Werror 2>&1) && return 0
  say_error "not formatted (./dev format mends it):"
  grep -E ' error: ' <<<"$out" | sort -u -t: -k1,1 >&2 || printf '%s\n' "$out" >&2
  return 1
}
check_shell() { # SC2034: a variable of a sourced file looks unused from either side
  git ls-files -- dev .ci/run '*.sh' bench/run tools |
    xargs -r grep -lE '^#!.*\b(ba)?sh|shellcheck shell' | xargs -r shellcheck --severity=warning --exclude=SC2034
}
check_errors_doc() { "$(system_python)" tools/errors_doc.py --check; }

# The compiler's own view of the files that changed (or of all): .clang-tidy says which checks.
check_tidy() { # all|changed
  local files
  cmake --preset dev >/dev/null || return 1
  if [[ $1 == all ]]; then
    mapfile -t files < <(git ls-files -- 'src/*.cc' 'lab/*.cc' | grep -vE '_(test|bench|fuzz)\.cc$')
  else
    mapfile -t files < <({ git diff --name-only --diff-filter=d HEAD; git ls-files --others --exclude-standard; } |
      grep -E '^(src|lab)/.*\.cc$' | grep -vE '_(test|bench|fuzz)\.cc$')
  fi
  [[ ${#files[@]} == 0 ]] && return 0
  # g++'s precompiled headers are not clang's: tools/tidy_database.py leaves them out of the commands.
  "$(system_python)" tools/tidy_database.py build/dev build/tidy || return 1
  local code=0
  mkdir -p "$LOGS"
  printf '%s\n' "${files[@]}" | xargs -P "$JOBS" -n 1 clang-tidy-19 -p build/tidy --quiet --warnings-as-errors='*' \
    >"$LOGS/tidy.log" 2>&1 || code=1
  # A finding in a header is told once, not once for each file that includes it.
  grep -E ' (error|warning): ' "$LOGS/tidy.log" | sort -u >&2 || true
  return "$code"
}

# The unit tests under a sanitizer. Those that start servers stay with ./dev test.
check_sanitized() { # PRESET
  build_preset "$1" tributary_unit_tests || return 1
  quietly "check-$1" env ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1 \
    "build/$1/bin/tributary_unit_tests" --gtest_brief=1
}

# Fuzz targets from their seeds, for so long each; what one finds is kept in build/fuzz/findings, what it learnt in
# build/fuzz/corpus. Without names: all of them.
fuzz_targets() { # SECONDS [NAME...]
  local seconds=$1 code=0 name target targets
  shift
  configure_preset fuzz || return 1
  mapfile -t targets < <(ninja -C build/fuzz -t targets all | sed -nE 's#^bin/([a-z0-9_]+)_fuzz:.*#\1#p' | sort)
  if [[ ${#targets[@]} == 0 ]]; then
    say_error "there is no fuzz target"
    return 1
  fi
  for name in "$@"; do
    if [[ " ${targets[*]} " != *" $name "* ]]; then
      say_error "fuzz: no target '$name' (${targets[*]})"
      return 2
    fi
  done
  [[ $# == 0 ]] || targets=("$@")
  build_preset fuzz "${targets[@]/%/_fuzz}" || return 1
  mkdir -p build/fuzz/findings
  for name in "${targets[@]}"; do
    target=build/fuzz/bin/${name}_fuzz
    mkdir -p "build/fuzz/corpus/$name"
    local arguments=(-max_total_time="$seconds" -max_len=65536 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1
      -artifact_prefix=build/fuzz/findings/"$name"-)
    [[ ! -f fuzz/dictionary/$name ]] || arguments+=(-dict="fuzz/dictionary/$name")
    arguments+=("build/fuzz/corpus/$name")
    [[ ! -d fuzz/corpus/$name ]] || arguments+=("fuzz/corpus/$name")
    say "fuzzing $name for $seconds s"
    # Regressions first: libFuzzer begins with the seeds, but a short run may end among them.
    if [[ -d fuzz/corpus/$name ]]; then
      quietly "fuzz-seeds-$name" "$target" -runs=0 -timeout=10 -rss_limit_mb=2048 "fuzz/corpus/$name" || code=1
    fi
    quietly "fuzz-$name" "$target" "${arguments[@]}" || code=1
    grep -E 'stat::(number_of_executed_units|peak_rss_mb)|^Done' "build/logs/fuzz-$name.log" >&2 || true
  done
  return "$code"
}

dev_fuzz() { # [NAME...] [--seconds N]
  local seconds=60 names=()
  while [[ $# -gt 0 ]]; do
    case $1 in
      --seconds) seconds=${2:?--seconds needs a number}; shift 2 ;;
      --seconds=*) seconds=${1#*=}; shift ;;
      -*) say_error "fuzz: unknown option $1"; exit 2 ;;
      *) names+=("$1"); shift ;;
    esac
  done
  need build fuzz
  fuzz_targets "$seconds" "${names[@]+"${names[@]}"}"
}

dev_check() {
  local quick=no
  case ${1:-} in
    --quick) quick=yes ;;
    "") ;;
    *) say_error "check: unknown option $1"; exit 2 ;;
  esac
  need build format check fuzz
  step "format" check_format
  step "include table" "$(system_python)" tests/house/includes.py
  step "files" "$(system_python)" tests/house/tree.py
  step "shellcheck" check_shell
  step "docs/errors.md" check_errors_doc
  if [[ $quick == yes ]]; then
    step "clang-tidy, changed files" check_tidy changed
    step "fuzzing" fuzz_targets 10
  else
    step "clang-tidy" check_tidy all
    step "unit tests, asan and ubsan" check_sanitized asan
    step "unit tests, tsan" check_sanitized tsan
    step "fuzzing" fuzz_targets 60
    step "chaos, 3 minutes" dev_chaos --minutes 1.5
  fi
  printf '%s\n' "" "${CHECK_RESULTS[@]}"
  if printf '%s\n' "${CHECK_RESULTS[@]}" | grep -q '^FAILED'; then
    say_error "the check failed"
    exit 1
  fi
}
