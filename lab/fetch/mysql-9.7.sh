#!/bin/bash
# MySQL 9.7 from Debian unstable, unpacked into a folder of its own together with its C library and loader. Nothing is
# installed. The mirror is the one this machine's own apt uses. Unstable moves: the packages stay in the cache.
PART=mysql-9.7
. "$(dirname "$0")/common.sh"
begin mysql-9.7 sid
need apt-get apt
need dpkg dpkg
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
[ -r "$KEYRING" ] || die "needs $KEYRING (Debian package debian-archive-keyring)"

release=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
targets=$(apt-get indextargets --format '$(ORIGIN)|$(CODENAME)|$(REPO_URI)' 'Created-By: Packages' 9>&-)
mirror=$(echo "$targets" | awk -F'|' '$1 == "Debian" && $2 !~ /-/ {print $3; exit}')
# Before the first `apt-get update` the origin is not known; then the release's name has to do.
[ -n "$mirror" ] || mirror=$(echo "$targets" | awk -F'|' -v r="$release" '$2 == r && $3 ~ /debian\/?$/ {print $3; exit}')
[ -n "$mirror" ] || die "no Debian mirror in this machine's apt configuration"

mkdir -p "$WORK"/apt/{lists/partial,archives/partial,empty.d} "$WORK/debs" "$WORK/root"
: >"$WORK/apt/status"   # empty, so that the whole closure is fetched, the C library included
echo "deb [signed-by=$KEYRING] $mirror sid main" >"$WORK/apt/sources.list"
cat >"$WORK/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$WORK/apt/sources.list";
Dir::Etc::sourceparts "$WORK/apt/empty.d";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$WORK/apt/empty.d";
Dir::State "$WORK/apt";
Dir::State::lists "$WORK/apt/lists";
Dir::State::status "$WORK/apt/status";
Dir::Cache "$WORK/apt";
Dir::Cache::archives "$WORK/apt/archives";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
APT::Sandbox::User "";
CONF
export APT_CONFIG=$WORK/apt/apt.conf
say "reading Debian unstable's package list"
apt-get update -qq >"$WORK/apt.log" 2>&1 9>&- || { tail -n 15 "$WORK/apt.log" >&2; die "apt-get update failed"; }
# Perl is only needed by scripts that are not run here.
list=$(apt-get -s -t sid --no-install-recommends install mysql-server-core mysql-client-core 2>>"$WORK/apt.log" 9>&- |
  awk '/^Inst/ {print $2}' | grep -vE '^(perl|libperl|perl-modules|perl-base|libgdbm|libdb5)' || true)
[ -n "$list" ] || { tail -n 15 "$WORK/apt.log" >&2; die "Debian unstable does not offer mysql-server-core"; }
say "downloading $(echo "$list" | wc -l) packages (about 55 MB)"
(cd "$WORK/debs" && echo "$list" | sed 's,$,/sid,' | xargs apt-get download -qq >>"$WORK/apt.log" 2>&1 9>&-) ||
  { tail -n 15 "$WORK/apt.log" >&2; die "the download failed"; }
(cd "$WORK/debs" && sha256sum ./*.deb >SHA256SUMS)
for deb in "$WORK"/debs/*.deb; do dpkg -x "$deb" "$WORK/root"; done
[ -x "$WORK/root/usr/sbin/mysqld" ] || die "the packages hold no mysqld"
rm -rf "$WORK/apt"
finish
