#!/bin/sh
# Devices that are plugged in while the container runs appear only where a udev of its own watches: in a privileged container a devtmpfs
# is mounted over /dev and udevd started in a network namespace of its own, so that the host's modems are left alone. The root file system may
# be read-only; only /run is written to.
set -eu
run="${RUNTIME_DIRECTORY:-/run/portillon}"
mkdir -p "$run"
aside=/run/dev-aside
if [ "${UDEV:-on}" = on ] && [ -x /lib/systemd/systemd-udevd ] && mkdir -p "$aside/try" && mount -t devtmpfs devtmpfs "$aside/try" 2> /dev/null; then
  umount "$aside/try"
  for part in pts shm mqueue; do
    mkdir -p "$aside/$part"
    mount --move "/dev/$part" "$aside/$part" 2> /dev/null || true
  done
  mount -t devtmpfs devtmpfs /dev
  for part in pts shm mqueue; do
    mkdir -p "/dev/$part"
    mount --move "$aside/$part" "/dev/$part" 2> /dev/null || true
  done
  unshare --net /lib/systemd/systemd-udevd --daemon > /dev/null 2>&1 || /lib/systemd/systemd-udevd --daemon > /dev/null 2>&1 || true
  udevadm trigger --action=add > /dev/null 2>&1 || true
  # Links such as /dev/serial/by-id are there before the gate asks for them.
  udevadm settle --timeout=10 > /dev/null 2>&1 || true
else
  echo "no udev in this container (not privileged, or UDEV=off): devices plugged in later are seen only if they are mapped in" >&2
fi
# The stricter variant: everything that needs root is done.
if [ -n "${RUN_AS:-}" ] && [ "$(id -u)" = 0 ]; then
  chown -R "$RUN_AS" "${PORTILLON_DATA:-/data}" "$run"
  # The groups of the devices, whatever their numbers are on the host.
  groups="$(stat -c %g /dev/ttyUSB* /dev/ttyACM* /dev/ttyAMA* /dev/ttyS* /dev/hidraw* /dev/gpiochip* 2> /dev/null | sort -un | grep -vx 0 | paste -sd, - || true)"
  [ -n "$groups" ] && groups="--groups=$groups" || groups=--clear-groups
  exec setpriv --reuid "$RUN_AS" --regid "$RUN_AS" "$groups" --no-new-privs --bounding-set=-all "$@"
fi
exec "$@"
