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

# Each fuzz target for a while, from its seed corpus; what it finds is kept in build/fuzz/findings.
check_fuzz() { # SECONDS
  local target targets name code=0 found=0
  configure_preset fuzz || return 1
  mapfile -t targets < <(ninja -C build/fuzz -t targets all | sed -nE 's#^bin/([a-z0-9_]+_fuzz):.*#\1#p')
  [[ ${#targets[@]} == 0 ]] || build_preset fuzz "${targets[@]}" || return 1
  mkdir -p build/fuzz/findings
  for target in build/fuzz/bin/*_fuzz; do
    [[ -x $target ]] || continue
    found=1
    name=$(basename "$target" _fuzz)
    mkdir -p "build/fuzz/corpus/$name"
    local corpora=("build/fuzz/corpus/$name")
    local seeds
    for seeds in "fuzz/corpus/$name" "fuzz/corpus/${name%%_*}"; do # of the target, or of its family
      if [[ -d $seeds ]]; then corpora+=("$seeds"); break; fi
    done
    say "fuzzing $name for $1 s"
    quietly "fuzz-$name" "$target" -max_total_time="$1" -max_len=65536 -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 \
      -artifact_prefix=build/fuzz/findings/"$name"- "${corpora[@]}" || code=1
    grep -E 'stat::(number_of_executed_units|peak_rss_mb)|^Done' "build/logs/fuzz-$name.log" >&2 || true
  done
  if [[ $found == 0 ]]; then
    say_error "there is no fuzz target"
    return 1
  fi
  return "$code"
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
    step "fuzzing" check_fuzz 20
  else
    step "clang-tidy" check_tidy all
    step "unit tests, asan and ubsan" check_sanitized asan
    step "unit tests, tsan" check_sanitized tsan
    step "fuzzing" check_fuzz 60
  fi
  printf '%s\n' "" "${CHECK_RESULTS[@]}"
  if printf '%s\n' "${CHECK_RESULTS[@]}" | grep -q '^FAILED'; then
    say_error "the check failed"
    exit 1
  fi
}
