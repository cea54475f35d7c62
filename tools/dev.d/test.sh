# shellcheck shell=bash
# test: one build for everything, then every suite that is found (tools/run_suites.py says where it looks).

dev_test() {
  need build lab test
  prepare_python
  prepare_kafka || true
  prepare_mysql 5.6 || true
  prepare_mysql 9.7 || true
  prepare_readers || true
  build_preset dev
  TRIBUTARY_BIN=$ROOT/build/dev/bin TRIBUTARY_SOURCE=$ROOT "$(system_python)" tools/run_suites.py --python "$PYTHON" --jobs "$JOBS" "$@"
}
