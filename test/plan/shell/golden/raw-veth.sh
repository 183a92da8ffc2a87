#!/bin/sh
# The network of raw-veth.k8snet, out of Linux network namespaces. Written by k8snet.
#
#   sh raw-veth.sh up               builds it and leaves it there
#   sh raw-veth.sh shell [NAME]     builds it, opens a shell in one of its namespaces, and removes it afterwards
#   sh raw-veth.sh down             removes it
#
# Needs Linux and root; the programs ip and bridge (Debian's iproute2), sysctl (procps) and ethtool.
#
# All that it makes are namespaces whose names begin with k8snet-raw-veth-, and what is inside of them; nothing else on
# this machine is touched. If a step fails, or on Ctrl-C, what was made is removed again.

set -eu

namespaces() {
  cat <<'END'
k8snet-raw-veth-h1
k8snet-raw-veth-r1
k8snet-raw-veth-h2
END
}

# What a namespace copies from this machine becomes what the kernel itself begins with.
kernel_defaults() {
  ip netns exec "$1" sysctl -qw \
    net.ipv4.ip_forward=0 \
    net.ipv4.conf.all.accept_local=0 \
    net.ipv4.conf.all.accept_redirects=1 \
    net.ipv4.conf.all.arp_accept=0 \
    net.ipv4.conf.all.arp_announce=0 \
    net.ipv4.conf.all.arp_filter=0 \
    net.ipv4.conf.all.arp_ignore=0 \
    net.ipv4.conf.all.arp_notify=0 \
    net.ipv4.conf.all.drop_gratuitous_arp=0 \
    net.ipv4.conf.all.ignore_routes_with_linkdown=0 \
    net.ipv4.conf.all.promote_secondaries=0 \
    net.ipv4.conf.all.proxy_arp=0 \
    net.ipv4.conf.all.proxy_arp_pvlan=0 \
    net.ipv4.conf.all.route_localnet=0 \
    net.ipv4.conf.all.rp_filter=0 \
    net.ipv4.conf.all.send_redirects=1 \
    net.ipv4.conf.all.shared_media=1 \
    net.ipv4.conf.default.accept_local=0 \
    net.ipv4.conf.default.accept_redirects=1 \
    net.ipv4.conf.default.arp_accept=0 \
    net.ipv4.conf.default.arp_announce=0 \
    net.ipv4.conf.default.arp_filter=0 \
    net.ipv4.conf.default.arp_ignore=0 \
    net.ipv4.conf.default.arp_notify=0 \
    net.ipv4.conf.default.drop_gratuitous_arp=0 \
    net.ipv4.conf.default.ignore_routes_with_linkdown=0 \
    net.ipv4.conf.default.promote_secondaries=0 \
    net.ipv4.conf.default.proxy_arp=0 \
    net.ipv4.conf.default.proxy_arp_pvlan=0 \
    net.ipv4.conf.default.route_localnet=0 \
    net.ipv4.conf.default.rp_filter=0 \
    net.ipv4.conf.default.send_redirects=1 \
    net.ipv4.conf.default.shared_media=1
}

# Frames as a cable carries them: with checksums, and no longer than the MTU.
without_offloads() {
  ip netns exec "$1" ethtool -K "$2" rx off tx off tso off gso off gro off >/dev/null
}

build() {
  :
  # raw-veth.k8snet:8
  ip netns add k8snet-raw-veth-h1
  kernel_defaults k8snet-raw-veth-h1
  ip netns exec k8snet-raw-veth-h1 sysctl -qw net.ipv4.ip_forward=0
  ip netns exec k8snet-raw-veth-h1 sysctl -qw net.ipv6.conf.all.disable_ipv6=1
  ip netns exec k8snet-raw-veth-h1 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  ip netns exec k8snet-raw-veth-h1 sysctl -qw net.ipv4.conf.all.rp_filter=0
  ip netns exec k8snet-raw-veth-h1 sysctl -qw net.ipv4.conf.default.rp_filter=0
  ip -n k8snet-raw-veth-h1 link set dev lo up

  # raw-veth.k8snet:12
  ip netns add k8snet-raw-veth-r1
  kernel_defaults k8snet-raw-veth-r1
  ip netns exec k8snet-raw-veth-r1 sysctl -qw net.ipv4.ip_forward=0
  ip netns exec k8snet-raw-veth-r1 sysctl -qw net.ipv6.conf.all.disable_ipv6=1
  ip netns exec k8snet-raw-veth-r1 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  ip netns exec k8snet-raw-veth-r1 sysctl -qw net.ipv4.conf.all.rp_filter=0
  ip netns exec k8snet-raw-veth-r1 sysctl -qw net.ipv4.conf.default.rp_filter=0

  # raw-veth.k8snet:13
  ip netns exec k8snet-raw-veth-r1 sysctl -qw net.ipv4.ip_forward=1

  # raw-veth.k8snet:12
  ip -n k8snet-raw-veth-r1 link set dev lo up

  # raw-veth.k8snet:16
  ip netns add k8snet-raw-veth-h2
  kernel_defaults k8snet-raw-veth-h2
  ip netns exec k8snet-raw-veth-h2 sysctl -qw net.ipv4.ip_forward=0
  ip netns exec k8snet-raw-veth-h2 sysctl -qw net.ipv6.conf.all.disable_ipv6=1
  ip netns exec k8snet-raw-veth-h2 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  ip netns exec k8snet-raw-veth-h2 sysctl -qw net.ipv4.conf.all.rp_filter=0
  ip netns exec k8snet-raw-veth-h2 sysctl -qw net.ipv4.conf.default.rp_filter=0
  ip -n k8snet-raw-veth-h2 link set dev lo up

  # raw-veth.k8snet:21
  ip -n k8snet-raw-veth-h1 link add name eth0 address 96:fe:ec:aa:fb:3c type veth peer name left netns k8snet-raw-veth-r1 address fe:14:e6:9b:64:f2
  without_offloads k8snet-raw-veth-h1 eth0
  without_offloads k8snet-raw-veth-r1 left
  ip -n k8snet-raw-veth-h1 addr add 10.0.1.2/24 dev eth0
  ip -n k8snet-raw-veth-h1 link set dev eth0 up
  ip -n k8snet-raw-veth-r1 addr add 10.0.1.1/24 dev left
  ip -n k8snet-raw-veth-r1 link set dev left up

  # raw-veth.k8snet:22
  ip -n k8snet-raw-veth-h2 link add name eth0 address 66:41:a1:5a:46:c3 type veth peer name right netns k8snet-raw-veth-r1 address 6a:41:9e:b8:16:9f
  without_offloads k8snet-raw-veth-h2 eth0
  without_offloads k8snet-raw-veth-r1 right
  ip -n k8snet-raw-veth-h2 addr add 10.0.2.2/24 dev eth0
  ip -n k8snet-raw-veth-h2 link set dev eth0 up
  ip -n k8snet-raw-veth-r1 addr add 10.0.2.1/24 dev right
  ip -n k8snet-raw-veth-r1 link set dev right up

  # raw-veth.k8snet:9
  ip -n k8snet-raw-veth-h1 route add default via 10.0.1.1

  # raw-veth.k8snet:17
  ip -n k8snet-raw-veth-h2 route add default via 10.0.2.1

  # raw-veth.k8snet:18
  # container web listens on tcp 0.0.0.0:80 (whoami)
}

remove() {
  for name in $(namespaces); do
    [ -e "/run/netns/$name" ] || continue
    for pid in $(ip netns pids "$name"); do kill "$pid" || true; done
    ip netns del "$name"
  done
}

complain() {
  echo "$0: $*" >&2
  exit 2
}

check() {
  [ "$(uname -s)" = Linux ] || complain "this needs Linux"
  [ "$(id -u)" = 0 ] || complain "this needs root"
  for program in ip bridge sysctl ethtool; do
    command -v "$program" >/dev/null || complain "this needs the program $program"
  done
  for name in $(namespaces); do
    [ ! -e "/run/netns/$name" ] || complain "there is already a namespace $name; '$0 down' removes it"
  done
}

undo() {
  status=$?
  trap '' INT TERM HUP
  trap - EXIT
  remove
  exit "$status"
}

up() {
  check
  trap undo EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap 'exit 129' HUP
  build
}

case "${1:-}" in
  up)
    up
    trap - EXIT
    namespaces
    ;;
  shell)
    chosen=$(namespaces | head -n 1)
    if [ -n "${2:-}" ]; then
      chosen=$(namespaces | grep -Fx -e "$2" -e "k8snet-raw-veth-$2") || complain "there is no namespace $2 here"
    fi
    up
    echo "This is $chosen; 'ip netns exec NAMESPACE PROGRAM' runs a program in another one. 'exit' removes all."
    ip netns exec "$chosen" "${SHELL:-/bin/sh}" || true
    ;;
  down)
    remove
    ;;
  *)
    complain "say what to do: up, shell or down"
    ;;
esac

# scenario "through the router" (raw-veth.k8snet:24), once it is up:
#   ip netns exec k8snet-raw-veth-h1 ping -n -c 1 -i 1 -s 56 -t 64 -M do -W 10 10.0.2.2
#   (expect reply.received)
#   (expect reply.ttl == 63)
#   (tcp h1 -> h2:80 payload "GET / HTTP/1.0\r\n\r\n")
#   (expect reply.received)

# scenario "forwarding off" (raw-veth.k8snet:32), once it is up:
#   ip netns exec k8snet-raw-veth-r1 sysctl -qw net.ipv4.ip_forward=0
#   ip netns exec k8snet-raw-veth-h1 ping -n -c 1 -i 1 -s 56 -t 64 -M do -W 1 10.0.2.2
#   (expect !reply.received)

# scenario "a cable is pulled" (raw-veth.k8snet:38), once it is up:
#   ip netns exec k8snet-raw-veth-h1 ping -n -c 1 -i 1 -s 56 -t 64 -M do -W 10 10.0.2.2
#   (expect reply.received)
#   ip -n k8snet-raw-veth-r1 link set dev right down
#   ip netns exec k8snet-raw-veth-h1 ping -n -c 1 -i 1 -s 56 -t 64 -M do -W 1 10.0.2.2
#   (expect !reply.received)
