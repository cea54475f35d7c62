# shellcheck shell=bash
# What ./dev says about itself goes to stderr, so that a command's own output can be piped.

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
say_error() { printf 'dev: %s\n' "$*" >&2; }

if [[ ! -t 2 || -n ${NO_COLOR:-} ]]; then
  say() { printf '==> %s\n' "$*" >&2; }
fi

# quietly LOGNAME COMMAND...: the output goes to build/logs/LOGNAME.log and is shown only on failure.
quietly() {
  local log=$LOGS/$1.log
  shift
  mkdir -p "$LOGS"
  local code=0
  "$@" >"$log" 2>&1 || code=$?
  [[ $code == 0 ]] && return 0
  say_error "failed: $* (the end of $log follows)"
  tail -n 60 "$log" >&2
  return "$code"
}
