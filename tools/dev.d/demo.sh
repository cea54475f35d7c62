# shellcheck shell=bash
# demo: sets up, then tools/demo.sh does the main job.

dev_demo() {
  need build lab
  [[ " $* " == *" --broker mock "* || " $* " == *" --broker=mock "* ]] || prepare_kafka || true
  build_preset dev tributary tributary-lab
  TRIBUTARY_BIN=$ROOT/build/dev/bin exec tools/demo.sh "$@"
}
