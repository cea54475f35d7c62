#!/usr/bin/env bash
# The main job on screen: a lab (two MariaDB servers behind a PolarDB-X 1.0 front, a broker), a sample database of many
# tables, `tributary run` carrying it into Kafka while changes go on, and the decoded records.
#
# ./dev demo runs it after building. Nothing is left running or lying about when it ends, however it ends.
set -euo pipefail

usage() {
  cat <<'TEXT'
./dev demo [--once] [--rows N] [--rate R] [--broker auto|kafka|mock] [--keep DIR]

  --once        end by itself after catching up, compare source and topic, exit code 5 on any difference
  --rows N      rows of the sample database (200000)
  --rate R      changes per second while the rows are carried (50)
  --broker B    auto (default): real Kafka where it can be had, else librdkafka's mock broker; kafka; mock
  --keep DIR    use this folder for servers, logs and state, and leave it there

Ctrl-C ends it at any time: servers, broker and files go with it.
TEXT
}

once=no rows=200000 rate=50 broker=auto keep=""
readonly live_rate=4 # changes per second while a person reads them
while [[ $# -gt 0 ]]; do
  case $1 in
    --once) once=yes ;;
    --rows) rows=${2:?--rows needs a number}; shift ;;
    --rows=*) rows=${1#*=} ;;
    --rate) rate=${2:?--rate needs a number}; shift ;;
    --rate=*) rate=${1#*=} ;;
    --broker) broker=${2:?--broker needs auto, kafka or mock}; shift ;;
    --broker=*) broker=${1#*=} ;;
    --keep) keep=${2:?--keep needs a folder}; shift ;;
    --keep=*) keep=${1#*=} ;;
    -h | --help) usage; exit 0 ;;
    *) echo "demo: unknown option $1" >&2; usage >&2; exit 2 ;;
  esac
  shift
done
BIN=${TRIBUTARY_BIN:?set by ./dev demo}
[[ $rows =~ ^[0-9]+$ && $rate =~ ^[0-9]+$ && $broker =~ ^(auto|kafka|mock)$ ]] || { usage >&2; exit 2; }

bold="" dim="" plain=""
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi
section() { printf '\n%s━━ %s %s%s\n\n' "$bold" "$*" "━━━━━━━━━━━━━━━━━━━━" "$plain"; }
note() { printf '%s%s%s\n' "$dim" "$*" "$plain"; }
indent() { sed 's/^/  /'; }

DIR=""
declare -A running=() # what we started, by name

start() { # NAME COMMAND...: in the background, output to DIR/NAME.log
  local name=$1
  shift
  "$@" >"$DIR/$name.log" 2>&1 </dev/null &
  running[$name]=$!
}

finish() { # NAME: waits for its end and returns its exit code
  local pid=${running[$1]} code=0
  wait "$pid" || code=$?
  unset "running[$1]"
  return "$code"
}

stop() { # NAME
  local pid=${running[$1]:-}
  [[ -n $pid ]] || return 0
  kill "$pid" 2>/dev/null || true
  finish "$1" || true
}

clean_up() {
  local code=$?
  trap '' INT TERM HUP # a second Ctrl-C must not leave servers behind
  trap - EXIT
  if [[ -n $DIR ]]; then
    echo
    note "stopping everything ..."
    for name in trickle run compare lab; do stop "$name"; done
    if [[ -n $keep ]]; then echo "kept: $DIR"; else rm -rf "$DIR"; fi
    note "nothing is left running${keep:+, but the files stay}"
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
  section "1 of 5: setting up two database servers, a PolarDB-X 1.0 front and a broker"
  # It dies with this script, however the script dies.
  "$BIN/tributary-lab" up --dir "$DIR/lab" --kafka "$broker" --topic shop:1 --topic shop-ddl:1 --die-with-parent \
    >"$DIR/up.json" </dev/null 2> >(tee "$DIR/up.log" | sed -u 's/^lab: /  /' >&2) &
  running[lab]=$!
  until [[ -s $DIR/up.json ]]; do
    kill -0 "${running[lab]}" 2>/dev/null || { echo "demo: the lab did not start" >&2; exit 1; }
    sleep 0.1
  done
  FRONT_HOST=$(lab front.host) FRONT_PORT=$(lab front.port) FRONT_USER=$(lab front.user)
  FRONT_PASSWORD=$(lab front.password) DATABASE=$(lab front.database)
  BROKERS=$(lab kafka.brokers) FLAVOR=$(lab kafka.flavor)
  cat <<TEXT

  front    mariadb -h $FRONT_HOST -P $FRONT_PORT -u $FRONT_USER -p$FRONT_PASSWORD $DATABASE
  servers  $(lab storage.0.host):$(lab storage.0.port) and $(lab storage.1.host):$(lab storage.1.port), MariaDB $(lab storage.0.server_version)
  broker   $BROKERS ($FLAVOR), topics shop and shop-ddl
TEXT
  if [[ $FLAVOR == mock ]]; then
    cat <<TEXT

  ${bold}NOT A REAL KAFKA:${plain} librdkafka's mock broker stands in for it$([[ $broker == mock ]] || echo "; Java or Maven's registry can't be had here").
  It keeps the last 5 MiB of a partition only, so the comparison reads along from the start.
TEXT
  fi
}

sql() { MYSQL_PWD=$FRONT_PASSWORD mariadb -h "$FRONT_HOST" -P "$FRONT_PORT" -u "$FRONT_USER" --skip-ssl -N -B "$DATABASE" -e "$1"; }

show_source() {
  section "2 of 5: the source, a sharded database of $rows rows"
  "$BIN/tributary-lab" load --dir "$DIR/lab" --sample --rows "$rows" | tee "$DIR/sample.log" | tail -n 1 |
    sed -E 's/^ *all +([0-9]+) +(.*)$/  loaded \1 rows in \2/'
  echo
  note "each logical table is many physical ones, spread over databases on two servers (SHOW TOPOLOGY FROM table):"
  printf '  %-14s %-11s %9s %16s  %s\n' "logical table" "kind" "rows" "physical tables" "for example"
  local table topology
  for table in $(sql "SHOW TABLES"); do
    topology=$(sql "SHOW TOPOLOGY FROM $table")
    printf '  %-14s %-11s %9s %16s  %s\n' "$table" "$(kind_of "$table")" \
      "$(awk -v t="$table" '$1 == t {print $2}' "$DIR/sample.log")" "$(wc -l <<<"$topology")" \
      "$(awk 'NR == 1 {print $2 "." $3}' <<<"$topology")"
  done
}

kind_of() { # TABLE
  local statement
  statement=$(sql "SHOW CREATE TABLE $1")
  case $statement in
    *[Bb][Rr][Oo][Aa][Dd][Cc][Aa][Ss][Tt]*) echo broadcast ;;
    *dbpartition*) if grep -q 'PRIMARY KEY' <<<"$statement"; then echo sharded; else echo "no key"; fi ;;
    *) echo single ;;
  esac
}

write_task() {
  section "3 of 5: the task file"
  cat >"$DIR/task.yaml" <<YAML
name: demo
source:
  engine: polardbx10
  host: $FRONT_HOST
  port: $FRONT_PORT
  user: $FRONT_USER
  password: $FRONT_PASSWORD
  storage:                      # the servers behind the front: SHOW DATASOURCES names them
    user: $(lab storage.0.user)
    password: $(lab storage.0.password)
destination:
  engine: kafka
  brokers: $BROKERS
  topic: shop
  ddl_topic: shop-ddl
migration: [schema, full, incremental]
objects: {$DATABASE: all}
state_dir: $DIR/state
YAML
  # Who reads along must not fall 5 MiB behind.
  [[ $FLAVOR != mock ]] || echo "tuning: {buffer_mb: 4, snapshot_parallelism: 1}   # gently, for the mock broker" >>"$DIR/task.yaml"
  chmod 600 "$DIR/task.yaml"
  sed -E 's/(password: ).*/\1***/' "$DIR/task.yaml" | indent
}

carry_until_caught_up() {
  note "\$ tributary run task.yaml --until caught-up"
  local gently=()
  # Who reads along must not fall 5 MiB behind.
  [[ $FLAVOR == mock && $once == yes ]] && gently=(nice -n 10)
  "${gently[@]}" "$BIN/tributary" run "$DIR/task.yaml" --until caught-up
}

trickle() { start trickle "$BIN/tributary-lab" load --dir "$DIR/lab" --rate "$1" --seconds 1000000; }

trickle_ends() {
  stop trickle
  sed 's/^workload.*/the changes made meanwhile:/' "$DIR/trickle.log" | indent
}

readonly compare=("$BIN/tributary-lab" compare --topic shop --ddl-topic shop-ddl)

demo_once() {
  if [[ $FLAVOR == mock ]]; then
    start compare "${compare[@]}" --dir "$DIR/lab" --follow --until-file "$DIR/no-more"
    until grep -q '^reading along' "$DIR/compare.log" || ! kill -0 "${running[compare]}" 2>/dev/null; do sleep 0.1; done
  fi
  section "4 of 5: schema, rows and changes go to Kafka, while $rate statements a second change them"
  trickle "$rate"
  carry_until_caught_up
  trickle_ends
  echo
  note "The changes have ended. Started again, the task goes on where it stopped, and carries what is left."
  carry_until_caught_up
  section "5 of 5: source and topic compared, row counts and contents"
  note "the first changes in the topic, decoded:"
  "$BIN/tributary" tail --brokers "$BROKERS" --topic shop --until end --op INSERT --op UPDATE --op DELETE --limit 6 || true
  echo
  local code=0
  if [[ $FLAVOR == mock ]]; then
    touch "$DIR/no-more"
    finish compare || code=$?
    grep -v '^reading along' "$DIR/compare.log"
  else
    "${compare[@]}" --dir "$DIR/lab" || code=$?
  fi
  return "$code"
}

demo_live() {
  section "4 of 5: schema, rows and changes go to Kafka, while $rate statements a second change them"
  trickle "$rate"
  carry_until_caught_up
  trickle_ends
  section "5 of 5: live: the task goes on; its records, decoded as they arrive (Ctrl-C ends the demo)"
  start run "$BIN/tributary" run "$DIR/task.yaml"
  trickle "$live_rate"
  note "\$ tributary tail --brokers $BROKERS --topic shop --from end"
  "$BIN/tributary" tail --brokers "$BROKERS" --topic shop --from end
}

trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
make_folder
lab_up
show_source
write_task
if [[ $once == yes ]]; then demo_once; else demo_live; fi
