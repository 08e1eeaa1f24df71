#!/bin/sh
# The command of a technician in the container's terminal.
exec node --single-threaded-gc /app/dist/src/cli/main.js "$@"
