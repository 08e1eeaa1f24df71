#!/bin/sh
# The command of a technician in the container's terminal.
exec env MALLOC_ARENA_MAX=2 node --single-threaded-gc --max-semi-space-size=4 /app/dist/src/cli/main.js "$@"
