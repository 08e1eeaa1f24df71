#!/bin/sh
# Healthy while the gate's heartbeat is fresh and says that it lives. SecuTix being away, or a reader unplugged, is told and is no failure:
# no restart cures it. The engine does not restart an unhealthy container; the gate ends by itself when its event loop stands still.
set -eu
file="${RUNTIME_DIRECTORY:-${PORTILLON_DATA:-/data}}/health"
limit="${PORTILLON_HEALTH_LIMIT:-60}"
if [ ! -f "$file" ]; then
  echo "no heartbeat yet: $file"
  exit 1
fi
beat="$(cat "$file")"
age=$(($(date +%s) - $(stat -c %Y "$file")))
if [ "$age" -gt "$limit" ]; then
  echo "no heartbeat for $age s; last: $beat"
  exit 1
fi
echo "$beat"
case "$beat" in alive*) ;; *) exit 1 ;; esac
