#!/bin/sh
# The network of same-node-ping.k8snet, out of Linux network namespaces. Written by k8snet.
#
#   sh same-node-ping.sh up               builds it and leaves it there
#   sh same-node-ping.sh shell [NAME]     builds it, opens a shell in one of its namespaces, and removes it afterwards
#   sh same-node-ping.sh down             removes it
#
# Needs Linux and root; the programs ip and bridge (Debian's iproute2), sysctl (procps) and ethtool; the kernel module br_netfilter loaded.
#
# All that it makes are namespaces whose names begin with k8snet-same-node-ping-, and what is inside of them; nothing else on
# this machine is touched. If a step fails, or on Ctrl-C, what was made is removed again.

set -eu

namespaces() {
  cat <<'END'
k8snet-same-node-ping-node1
k8snet-same-node-ping-pod1
k8snet-same-node-ping-pod2
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
  # same-node-ping.k8snet:13
  ip netns add k8snet-same-node-ping-node1
  kernel_defaults k8snet-same-node-ping-node1
  ip netns exec k8snet-same-node-ping-node1 sysctl -qw net.ipv4.ip_forward=1
  ip netns exec k8snet-same-node-ping-node1 sysctl -qw net.ipv6.conf.all.disable_ipv6=1
  ip netns exec k8snet-same-node-ping-node1 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  ip netns exec k8snet-same-node-ping-node1 sysctl -qw net.ipv4.conf.all.rp_filter=0
  ip netns exec k8snet-same-node-ping-node1 sysctl -qw net.ipv4.conf.default.rp_filter=0
  ip netns exec k8snet-same-node-ping-node1 sysctl -qw net.bridge.bridge-nf-call-iptables=1
  ip -n k8snet-same-node-ping-node1 link set dev lo up

  # same-node-ping.k8snet:15
  ip -n k8snet-same-node-ping-node1 link add name cbr0 address 0a:58:0a:f4:01:01 type bridge mcast_snooping 0
  without_offloads k8snet-same-node-ping-node1 cbr0
  ip -n k8snet-same-node-ping-node1 addr add 10.244.1.1/24 dev cbr0
  ip -n k8snet-same-node-ping-node1 link set dev cbr0 up

  # same-node-ping.k8snet:17
  ip netns add k8snet-same-node-ping-pod1
  kernel_defaults k8snet-same-node-ping-pod1
  ip netns exec k8snet-same-node-ping-pod1 sysctl -qw net.ipv4.ip_forward=0
  ip netns exec k8snet-same-node-ping-pod1 sysctl -qw net.ipv6.conf.all.disable_ipv6=1
  ip netns exec k8snet-same-node-ping-pod1 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  ip netns exec k8snet-same-node-ping-pod1 sysctl -qw net.ipv4.conf.all.rp_filter=0
  ip netns exec k8snet-same-node-ping-pod1 sysctl -qw net.ipv4.conf.default.rp_filter=0
  ip -n k8snet-same-node-ping-pod1 link set dev lo up
  ip -n k8snet-same-node-ping-pod1 link add name eth0 address 0a:58:0a:f4:01:02 type veth peer name veth1 netns k8snet-same-node-ping-node1 address 02:ee:0a:f4:01:02
  without_offloads k8snet-same-node-ping-pod1 eth0
  without_offloads k8snet-same-node-ping-node1 veth1
  ip -n k8snet-same-node-ping-node1 link set dev veth1 master cbr0 up
  ip -n k8snet-same-node-ping-pod1 addr add 10.244.1.2/24 dev eth0
  ip -n k8snet-same-node-ping-pod1 link set dev eth0 up
  ip -n k8snet-same-node-ping-pod1 route add default via 10.244.1.1 dev eth0

  # same-node-ping.k8snet:22
  ip netns add k8snet-same-node-ping-pod2
  kernel_defaults k8snet-same-node-ping-pod2
  ip netns exec k8snet-same-node-ping-pod2 sysctl -qw net.ipv4.ip_forward=0
  ip netns exec k8snet-same-node-ping-pod2 sysctl -qw net.ipv6.conf.all.disable_ipv6=1
  ip netns exec k8snet-same-node-ping-pod2 sysctl -qw net.ipv6.conf.default.disable_ipv6=1
  ip netns exec k8snet-same-node-ping-pod2 sysctl -qw net.ipv4.conf.all.rp_filter=0
  ip netns exec k8snet-same-node-ping-pod2 sysctl -qw net.ipv4.conf.default.rp_filter=0
  ip -n k8snet-same-node-ping-pod2 link set dev lo up
  ip -n k8snet-same-node-ping-pod2 link add name eth0 address 0a:58:0a:f4:01:09 type veth peer name veth2 netns k8snet-same-node-ping-node1 address 02:ee:0a:f4:01:09
  without_offloads k8snet-same-node-ping-pod2 eth0
  without_offloads k8snet-same-node-ping-node1 veth2
  ip -n k8snet-same-node-ping-node1 link set dev veth2 master cbr0 up

  # same-node-ping.k8snet:24
  ip -n k8snet-same-node-ping-pod2 addr add 10.244.1.9/24 dev eth0

  # same-node-ping.k8snet:22
  ip -n k8snet-same-node-ping-pod2 link set dev eth0 up
  ip -n k8snet-same-node-ping-pod2 route add default via 10.244.1.1 dev eth0

  # same-node-ping.k8snet:26
  # container web listens on tcp 0.0.0.0:8080 (http)
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
  [ -d /proc/sys/net/bridge ] || complain "this needs the kernel module br_netfilter: modprobe br_netfilter"
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
      chosen=$(namespaces | grep -Fx -e "$2" -e "k8snet-same-node-ping-$2") || complain "there is no namespace $2 here"
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

# scenario "first ping" (same-node-ping.k8snet:30), once it is up:
#   ip netns exec k8snet-same-node-ping-pod1 ping -n -c 1 -i 1 -s 56 -t 64 -M do -W 10 10.244.1.9
#   (expect reply.received && reply.ttl == 64)
#   (expect neigh("pod1", "10.244.1.9").state == "REACHABLE")

# scenario "second ping" (same-node-ping.k8snet:41), once it is up:
#   ip netns exec k8snet-same-node-ping-pod1 ping -n -c 1 -i 1 -s 56 -t 64 -M do -W 10 10.244.1.9
#   ip netns exec k8snet-same-node-ping-pod1 ping -n -c 1 -i 1 -s 56 -t 64 -M do -W 10 10.244.1.9
#   (expect reply.received && reply.ttl == 64)
#   (expect neigh("pod2", "10.244.1.2").state == "DELAY")

# scenario "web" (same-node-ping.k8snet:48), once it is up:
#   (curl pod1 -> http://pod2:8080/)
#   (expect response.status == 200)
#   (expect response.from == "pod2")
