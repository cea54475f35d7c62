# shellcheck shell=bash
# The lab and what it downloads.

# prepare_kafka: true when a real Kafka is at hand; else the mock broker will have to do, and the screen says so.
prepare_kafka() {
  [[ -x lab/fetch/kafka.sh ]] || return 1
  if want java && { cached kafka || want maven; } && fetch kafka; then return 0; fi
  say "A REAL KAFKA CAN'T BE HAD HERE (it takes Java and Maven's registry): librdkafka's mock broker stands in for it"
  return 1
}

# prepare_mysql VERSION: 5.6 or 9.7
prepare_mysql() {
  [[ -x lab/fetch/mysql-$1.sh ]] || return 1
  if { [[ $1 != 5.6 ]] || cached mysql-5.6 || want npm; } && fetch "mysql-$1"; then return 0; fi
  say "MYSQL $1 CAN'T BE HAD HERE: what needs it is skipped"
  return 1
}

# prepare_readers: software that is not ours and reads what we write, for tests/formats.
prepare_readers() {
  if want jdk && { cached readers || want maven; } && fetch readers; then return 0; fi
  say "FLINK, KAFKA CONNECT, THE CONSUMER OF DTS AND A SCHEMA REGISTRY CAN'T BE HAD HERE (they take a JDK and Maven's registry): tests that read with them are skipped"
  return 1
}

cached() { compgen -G "$TRIBUTARY_CACHE/$1-*/.complete" >/dev/null; }

# fetch PART: the recipe does nothing when the part is in the cache.
fetch() {
  if [[ $INSTALL == no ]]; then
    cached "$1" && return 0
    say "missing, but not needed: $1 in $TRIBUTARY_CACHE"
    return 1
  fi
  cached "$1" || say "downloading $1 into $TRIBUTARY_CACHE"
  quietly "fetch-$1" "lab/fetch/$1.sh"
}

dev_lab() {
  local action=${1:-}
  case $action in
    up)
      need build lab
      [[ " $* " == *" mock"* ]] || prepare_kafka || true
      [[ " $* " == *mysql-5.6* ]] && { prepare_mysql 5.6 || exit 1; }
      [[ " $* " == *mysql-9.7* ]] && { prepare_mysql 9.7 || exit 1; }
      build_preset dev tributary-lab
      ;;
    down | status | load | compare | server | kafka | topic) [[ -x build/dev/bin/tributary-lab ]] || build_preset dev tributary-lab ;;
    -h | --help) build_preset dev tributary-lab ;;
    *) say_error "lab up|down|status|load ... (./dev lab --help tells more)"; exit 2 ;;
  esac
  build/dev/bin/tributary-lab "$@"
}
