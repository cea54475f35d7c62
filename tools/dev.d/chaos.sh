# shellcheck shell=bash
# chaos: faults at random while a task runs, and an independent check of what arrived (tests/chaos).

dev_chaos() {
  need build lab test
  prepare_python
  prepare_kafka || true
  build_preset dev tributary tributary-lab
  TRIBUTARY_BIN=$ROOT/build/dev/bin TRIBUTARY_SOURCE=$ROOT "$PYTHON" tests/chaos/chaos.py "$@"
}
