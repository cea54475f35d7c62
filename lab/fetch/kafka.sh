#!/bin/bash
# Apache Kafka's broker jars, from Maven Central by the dependency list in ../kafka/pom.xml.
PART=kafka
. "$(dirname "$0")/common.sh"
POM=$HERE/../kafka/pom.xml
begin kafka "$(sed -n 's,^  <version>\(.*\)</version>,\1,p' "$POM" | head -1)"
need mvn maven
say "downloading the jars that lab/kafka/pom.xml lists, with Maven"
mvn -B -q -f "$POM" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$WORK/libs" >"$WORK/mvn.log" 2>&1 9>&- ||
  { tail -n 15 "$WORK/mvn.log" >&2; die "Maven could not fetch the jars"; }
ls "$WORK"/libs/kafka_2.13-*.jar >/dev/null 2>&1 || die "Maven fetched no broker jar; see $WORK/mvn.log"
finish
