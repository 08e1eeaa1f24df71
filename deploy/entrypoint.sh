#!/bin/sh
# Devices that are plugged in while the container runs appear only where a udev of its own watches: in a privileged container a devtmpfs
# is mounted over /dev and udevd started in a network namespace of its own, so that the host's modems are left alone.
set -eu
if [ "${UDEV:-on}" = on ] && [ -x /lib/systemd/systemd-udevd ] && mkdir -p /tmp/.devtmpfs-try && mount -t devtmpfs devtmpfs /tmp/.devtmpfs-try 2> /dev/null; then
  umount /tmp/.devtmpfs-try
  mkdir -p /tmp/.dev-pts /tmp/.dev-shm /tmp/.dev-mqueue
  mount --move /dev/pts /tmp/.dev-pts 2> /dev/null || true
  mount --move /dev/shm /tmp/.dev-shm 2> /dev/null || true
  mount --move /dev/mqueue /tmp/.dev-mqueue 2> /dev/null || true
  mount -t devtmpfs devtmpfs /dev
  mkdir -p /dev/pts /dev/shm /dev/mqueue
  mount --move /tmp/.dev-pts /dev/pts 2> /dev/null || true
  mount --move /tmp/.dev-shm /dev/shm 2> /dev/null || true
  mount --move /tmp/.dev-mqueue /dev/mqueue 2> /dev/null || true
  unshare --net /lib/systemd/systemd-udevd --daemon > /dev/null 2>&1 || /lib/systemd/systemd-udevd --daemon > /dev/null 2>&1 || true
  udevadm trigger --action=add > /dev/null 2>&1 || true
else
  echo "no udev in this container (not privileged, or UDEV=off): devices plugged in later are seen only if they are mapped in" >&2
fi
exec "$@"
