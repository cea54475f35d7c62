# shellcheck shell=bash
# bench: the product beside the anchor, release build. Options go to tributary-bench.

dev_bench() {
  need build lab
  [[ " $* " == *mock* || " $* " == *" --help "* || " $* " == *" -h "* ]] || prepare_kafka || true
  build_preset release tributary tributary-lab tributary-bench
  build/release/bin/tributary-bench "$@"
}
