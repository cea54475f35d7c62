#!/bin/bash
# Readers of records that are not ours, and a schema registry, from Maven Central by the lists in tests/formats/java:
# flink.xml, connect.xml, dts.xml (jars beside each other), apicurio.xml (unpacked).
PART=readers
. "$(dirname "$0")/common.sh"
LISTS=$HERE/../../tests/formats/java
begin readers "$(sed -n 's,^  <version>\(.*\)</version>,\1,p' "$LISTS/apicurio.xml" | head -1)"
need mvn maven
say "downloading the jars that tests/formats/java lists, with Maven"
bring() { # LIST GOAL FOLDER-OPTION...
  local list=$1
  shift
  mvn -B -q -f "$LISTS/$list.xml" "$@" >"$WORK/$list.log" 2>&1 9>&- ||
    { tail -n 15 "$WORK/$list.log" >&2; die "Maven could not fetch $list"; }
}
for list in flink connect dts; do
  bring "$list" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$WORK/$list"
done
bring apicurio dependency:unpack-dependencies -DoutputDirectory="$WORK/apicurio" -DmarkersDirectory="$WORK/markers"
ls "$WORK"/flink/flink-json-*.jar "$WORK"/connect/connect-json-*.jar "$WORK"/dts/dts-new-subscribe-sdk-*.jar "$WORK"/apicurio/*-runner.jar \
  >/dev/null 2>&1 || die "Maven did not fetch all; see the logs in $WORK"
finish
