# shellcheck shell=bash
# bench: the product beside the anchor, release build. Options go to bench/run.

dev_bench() {
  need build lab
  if [[ ! -x bench/run ]]; then
    say_error "bench/run is missing"
    exit 1
  fi
  prepare_kafka || true
  build_preset release
  TRIBUTARY_BIN=$ROOT/build/release/bin bench/run "$@"
}
