#!/usr/bin/env bash
# The main job on screen: a lab (two MariaDB servers behind a PolarDB-X 1.0 front, a broker), a sample database of many
# tables, `tributary run` carrying it into Kafka while changes go on, and the decoded records.
#
# ./dev demo runs it after building. Nothing is left running or lying about when it ends, however it ends.
set -euo pipefail

usage() {
  cat <<'TEXT'
./dev demo [--once] [--rows N] [--rate R] [--kafka auto|kafka|mock] [--keep DIR]

  --once        end by itself after catching up, compare source and topic, exit code 1 on any difference
  --rows N      rows of the sample database (200000)
  --rate R      changes per second meanwhile (50)
  --kafka K     auto (default): real Kafka where it can be had, else librdkafka's mock broker
  --keep DIR    use this folder for servers, logs and state, and leave it there
TEXT
}

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
once=no rows=200000 rate=50 kafka=auto keep=""
while [[ $# -gt 0 ]]; do
  case $1 in
    --once) once=yes ;;
    --rows) rows=${2:?--rows needs a number}; shift ;;
    --rate) rate=${2:?--rate needs a number}; shift ;;
    --kafka) kafka=${2:?--kafka needs auto, kafka or mock}; shift ;;
    --keep) keep=${2:?--keep needs a folder}; shift ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
BIN=${TRIBUTARY_BIN:?set by ./dev demo}
[[ $rows$rate =~ ^[0-9]+$ ]] || { usage >&2; exit 2; }

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[[ -t 1 && -z ${NO_COLOR:-} ]] || title() { printf '\n%s\n' "$*"; }

DIR=""
declare -A running=() # what we started, by name

start() { # NAME COMMAND...: in the background, output to DIR/NAME.log
  local name=$1
  shift
  "$@" >"$DIR/$name.log" 2>&1 </dev/null &
  running[$name]=$!
}

stop() { # NAME
  local pid=${running[$1]:-}
  unset "running[$1]"
  [[ -n $pid ]] || return 0
  kill "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
}

clean_up() {
  local code=$?
  trap '' INT TERM # a second Ctrl-C must not leave servers behind
  trap - EXIT
  local name
  for name in trickle follow run; do stop "$name"; done
  if [[ -n $DIR ]]; then
    "$BIN/tributary-lab" down --dir "$DIR/lab" >"$DIR/down.log" 2>&1 || { [[ ! -e $DIR/lab/lab.json ]] || cat "$DIR/down.log" >&2; }
    if [[ -n $keep ]]; then echo "kept: $DIR"; else rm -rf "$DIR"; fi
  fi
  exit "$code"
}

# VALUE of lab.json: lab front.port, lab storage.0.user
lab() {
  /usr/bin/env python3 - "$DIR/lab/lab.json" "$1" <<'PY'
import json, sys
value = json.load(open(sys.argv[1]))
for part in sys.argv[2].split("."):
    value = value[int(part)] if part.isdigit() else value[part]
print(value)
PY
}

make_folder() {
  if [[ -n $keep ]]; then
    mkdir -p "$keep"
    DIR=$(cd "$keep" && pwd)
  else
    DIR=$(mktemp -d "${TMPDIR:-/tmp}/tributary-demo.XXXXXX")
  fi
}

lab_up() {
  title "Starting the lab: two MariaDB servers, the PolarDB-X 1.0 front, a Kafka broker"
  "$BIN/tributary-lab" up --dir "$DIR/lab" --kafka "$kafka" --topic shop:1 --topic shop-ddl:1 --detach >"$DIR/up.json"
  echo "front    mariadb -h $(lab front.host) -P $(lab front.port) -u $(lab front.user) -p$(lab front.password) $(lab front.database)"
  echo "broker   $(lab kafka.brokers) ($(lab kafka.flavor))"
  if [[ $(lab kafka.flavor) == mock ]]; then
    echo "         NOT A REAL KAFKA: librdkafka's mock broker, because Java or Maven's registry can't be had here."
    echo "         It keeps the last 5 MiB of a partition only, so what checks the records reads along from the start."
  fi
}

load_sample() {
  title "Loading the sample database: $rows rows"
  "$BIN/tributary-lab" load --dir "$DIR/lab" --sample --rows "$rows"
}

write_task() {
  cat >"$DIR/task.yaml" <<YAML
name: demo
source:
  engine: polardbx10
  host: $(lab front.host)
  port: $(lab front.port)
  user: $(lab front.user)
  password: $(lab front.password)
  storage:
    user: $(lab storage.0.user)
    password: $(lab storage.0.password)
destination:
  engine: kafka
  brokers: $(lab kafka.brokers)
  topic: shop
  ddl_topic: shop-ddl
migration: [schema, full, incremental]
objects: {$(lab front.database): all}
state_dir: $DIR/state
YAML
  chmod 600 "$DIR/task.yaml"
}

trickle() { start trickle "$BIN/tributary-lab" load --dir "$DIR/lab" --rate "$rate"; }

tail_topic() { "$BIN/tributary" tail --brokers "$(lab kafka.brokers)" --topic shop "$@"; }

# Every record from the beginning on, as JSON lines, for the comparison: the mock broker forgets.
follow() { start follow "$BIN/tributary" tail --brokers "$(lab kafka.brokers)" --topic shop --from beginning --json; }

carry_until_caught_up() {
  title "$1"
  "$BIN/tributary" run "$DIR/task.yaml" --until caught-up
}

compare() {
  title "Comparing source and topic: row counts and contents"
  "$HERE/compare" --lab "$DIR/lab/lab.json" --topic shop --follow "$DIR/follow.log"
}

demo_once() {
  follow
  trickle
  carry_until_caught_up "Carrying schema, rows and changes into Kafka, while $rate changes a second go on"
  stop trickle
  carry_until_caught_up "The changes have ended; starting again where it stopped, to carry what is left"
  compare
}

demo_live() {
  trickle
  carry_until_caught_up "Carrying schema, rows and changes into Kafka, while $rate changes a second go on"
  title "Caught up. The task goes on; these are its records as they arrive (Ctrl-C ends the demo)"
  start run "$BIN/tributary" run "$DIR/task.yaml"
  tail_topic --from end
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
make_folder
lab_up
load_sample
write_task
if [[ $once == yes ]]; then demo_once; else demo_live; fi
