# shellcheck shell=bash
# bench: the product beside the anchor, release build. Options go to tributary-bench.
# bench --stages [--markdown]: each stage of a row by itself, in one table.

dev_bench_stages() {
  need build
  build_preset release tributary_microbench
  local report=$LOGS/stages.json
  mkdir -p "$LOGS"
  build/release/bin/tributary_microbench --benchmark_filter='^stage/' --benchmark_repetitions="${REPETITIONS:-5}" \
    --benchmark_min_time=0.1 --benchmark_enable_random_interleaving=true --benchmark_out="$report" --benchmark_out_format=json >/dev/null
  "$(system_python)" tools/stage_table.py "$@" <"$report"
}

dev_bench() {
  if [[ ${1:-} == --stages ]]; then
    shift
    dev_bench_stages "$@"
    return
  fi
  need build lab
  [[ " $* " == *mock* || " $* " == *" --help "* || " $* " == *" -h "* ]] || prepare_kafka || true
  build_preset release tributary tributary-lab tributary-bench
  build/release/bin/tributary-bench "$@"
}
