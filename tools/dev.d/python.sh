# shellcheck shell=bash
# Python for tests: a virtual environment in the cache folder with the pinned packages of tests/requirements.txt.
# Where they can't be downloaded, Debian's pytest does, and the tests that need the other packages skip themselves loudly.

# Debian's own python3 if there is one: it is the one python3-venv belongs to.
system_python() { if [[ -x /usr/bin/python3 ]]; then echo /usr/bin/python3; else command -v python3; fi; }

# Sets PYTHON to an interpreter that has pytest.
prepare_python() {
  local base venv stamp wanted
  base=$(system_python)
  venv=$TRIBUTARY_CACHE/venv
  stamp=$venv/.tributary-requirements
  wanted=$("$base" --version)$'\n'$(cat "$ROOT/tests/requirements.txt")
  PYTHON=$venv/bin/python
  if [[ -x $PYTHON && -f $stamp && $(<"$stamp") == "$wanted" ]]; then return 0; fi
  if [[ $INSTALL == no ]]; then
    say_error "missing: the Python packages of tests/requirements.txt in $venv"
    exit 1
  fi
  say "installing with pip into $venv: $(grep -v '^#' "$ROOT/tests/requirements.txt" | xargs)"
  if quietly pip make_venv "$base" "$venv"; then
    printf '%s' "$wanted" >"$stamp"
    return 0
  fi
  say "THE PYTHON PACKAGES CAN'T BE DOWNLOADED: tests that decode Avro independently will be skipped"
  need pytest
  PYTHON=$base
}

make_venv() { # BASE VENV
  rm -rf "$2"
  mkdir -p "$(dirname "$2")"
  "$1" -m venv "$2" &&
    "$2/bin/python" -m pip install --disable-pip-version-check --no-input --retries 1 \
      --only-binary :all: -r "$ROOT/tests/requirements.txt"
}
