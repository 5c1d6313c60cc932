#!/bin/sh
# Installs Debian packages as root; otherwise says in one line which are missing.
# usage: system-packages.sh [--optional] PACKAGE[|OTHER-NAME]...
# A package has another name on some releases (libzbar0|libzbar0t64); whichever can be had is taken.
# With --optional the exit is always 0: tests that need what is missing are skipped and named.
optional=
[ "$1" = "--optional" ] && { optional=1; shift; }

installed() {
  dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q "ok installed"
}

present() {
  for name in $(echo "$1" | tr '|' ' '); do
    installed "$name" && return 0
    case "$name" in chromium*) command -v "$name" >/dev/null && return 0 ;; esac
  done
  return 1
}

# A stub that only points to a snap is no browser.
candidate() {
  for name in $(echo "$1" | tr '|' ' '); do
    apt-cache policy "$name" 2>/dev/null | grep -q 'Candidate: [0-9]' || continue
    apt-cache policy "$name" | grep -q 'Candidate: .*snap' || { echo "$name"; return 0; }
  done
  return 1
}

missing=
for package in "$@"; do
  present "$package" || missing="$missing $package"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >/dev/null 2>&1
  left=
  for package in $missing; do
    name=$(candidate "$package") && echo "Installing $name ..." &&
      apt-get install -y -qq --no-install-recommends "$name" >/dev/null 2>&1 || left="$left $package"
  done
  [ -z "$left" ] && exit 0
  echo "Could not install$left from this system's packages; go on without, or install by other means"
else
  # The first name is the one that most releases know.
  first=
  for package in $missing; do first="$first ${package%%|*}"; done
  echo "Missing Debian packages; install them with: sudo apt-get install -y$first"
fi
[ -n "$optional" ]
