#!/bin/sh
# Healthy while the gate's heartbeat is fresh. SecuTix being away, or a reader unplugged, is told and is no reason to restart.
set -eu
file="${PORTILLON_DATA:-/data}/health"
limit="${PORTILLON_HEALTH_LIMIT:-60}"
if [ ! -f "$file" ]; then
  echo "no heartbeat yet: $file"
  exit 1
fi
age=$(($(date +%s) - $(stat -c %Y "$file")))
if [ "$age" -gt "$limit" ]; then
  echo "no heartbeat for $age s; last: $(cat "$file")"
  exit 1
fi
cat "$file"
