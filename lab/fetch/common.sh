# Shared by the fetch recipes, which source it. Each recipe brings one part into the cache and prints, as its only line
# on standard output, the folder it is in. What it does goes to standard error. Exit code 1: the part can't be had.
set -euo pipefail
CACHE=${TRIBUTARY_CACHE:-${HOME:-/root}/.cache/tributary}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { echo "fetch $PART: $*" >&2; }
die() { say "$*"; exit 1; }
need() { command -v "$1" >/dev/null || die "needs $1 (Debian package $2), which is not installed"; }

# begin PART VERSION: if the part is in the cache, prints its folder and ends. Otherwise takes the part's lock (several
# labs may start at once) and sets WORK, an empty folder that finish() moves into place as a whole.
begin() {
  PART=$1
  TARGET=$CACHE/$1-$2
  mkdir -p "$CACHE"
  exec 9>"$CACHE/.$1.lock"
  flock 9
  if [ -e "$TARGET/.complete" ]; then echo "$TARGET"; exit 0; fi
  WORK=$CACHE/.$1.work
  rm -rf "$WORK" "$TARGET"
  mkdir -p "$WORK"
}

finish() {
  touch "$WORK/.complete"
  mv "$WORK" "$TARGET"
  say "in $TARGET ($(du -sm "$TARGET" | cut -f1) MB)"
  echo "$TARGET"
}
