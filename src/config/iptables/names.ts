/** IP protocols by number as Debian's /etc/protocols names them, which is what iptables prints; others it prints as numbers. */
const protocolNames: ReadonlyMap<number, string> = new Map([
  ...([
    [1, "icmp"],
    [2, "igmp"],
    [4, "ipencap"],
    [6, "tcp"],
    [8, "egp"],
    [17, "udp"],
    [33, "dccp"],
    [41, "ipv6"],
  ] as const),
  ...([
    [46, "rsvp"],
    [47, "gre"],
    [50, "esp"],
    [51, "ah"],
    [58, "ipv6-icmp"],
    [88, "eigrp"],
    [89, "ospf"],
  ] as const),
  ...([
    [94, "ipip"],
    [97, "etherip"],
    [98, "encap"],
    [103, "pim"],
    [108, "ipcomp"],
    [112, "vrrp"],
  ] as const),
  ...([
    [115, "l2tp"],
    [132, "sctp"],
    [136, "udplite"],
    [137, "mpls-in-ip"],
  ] as const),
]);

/** Reads a name or number of `-p`; 0 is all. */
export function protocolNumber(text: string): number | undefined {
  const name = text.toLowerCase();
  if (name === "all") return 0;
  if (/^\d+$/.test(name)) return Number(name) < 256 ? Number(name) : undefined;
  if (name === "icmpv6") return 58;
  return [...protocolNames].find(([, one]) => one === name)?.[0];
}

export function protocolName(number: number): string {
  return protocolNames.get(number) ?? String(number);
}

/** Services by name (/etc/services), those that people write into rules. */
const services: Readonly<Record<string, number>> = Object.fromEntries(
  `echo 7 discard 9 daytime 13 chargen 19 ftp-data 20 ftp 21 ssh 22 telnet 23 smtp 25 time 37 whois 43 tacacs 49 domain 53 bootps 67
  bootpc 68 tftp 69 finger 79 http 80 kerberos 88 pop3 110 sunrpc 111 auth 113 nntp 119 ntp 123 epmap 135 netbios-ns 137
  netbios-dgm 138 netbios-ssn 139 imap2 143 snmp 161 snmp-trap 162 bgp 179 ldap 389 https 443 microsoft-ds 445 kpasswd 464
  submissions 465 isakmp 500 syslog 514 printer 515 route 520 rtsp 554 submission 587 ipp 631 ldaps 636 domain-s 853 rsync 873
  ftps-data 989 ftps 990 telnets 992 imaps 993 pop3s 995 socks 1080 openvpn 1194 ms-sql-s 1433 ms-sql-m 1434 l2f 1701 radius 1812
  radius-acct 1813 nfs 2049 mysql 3306 ms-wbt-server 3389 svn 3690 ipsec-nat-t 4500 sip 5060 sip-tls 5061 xmpp-client 5222
  xmpp-server 5269 mdns 5353 postgresql 5432 amqps 5671 amqp 5672 x11 6000 redis 6379 http-alt 8080 git 9418 zabbix-agent 10050`
    .trim()
    .split(/\s+/)
    .flatMap((name, index, all) => (index % 2 === 0 ? [[name, Number(all[index + 1])]] : [])),
);

/** Reads a port's number or a service's name. */
export function portNumber(text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) < 65536 ? Number(text) : undefined;
  return Object.hasOwn(services, text) ? services[text] : undefined;
}

/** ICMP types and codes by name (libxt_icmp); a type alone means all its codes. */
export const icmpNames: Readonly<Record<string, readonly [type: number, code?: number]>> = {
  any: [255],
  "echo-reply": [0],
  pong: [0],
  "destination-unreachable": [3],
  "network-unreachable": [3, 0],
  "host-unreachable": [3, 1],
  "protocol-unreachable": [3, 2],
  "port-unreachable": [3, 3],
  "fragmentation-needed": [3, 4],
  "source-route-failed": [3, 5],
  "network-unknown": [3, 6],
  "host-unknown": [3, 7],
  "network-prohibited": [3, 9],
  "host-prohibited": [3, 10],
  "TOS-network-unreachable": [3, 11],
  "TOS-host-unreachable": [3, 12],
  "communication-prohibited": [3, 13],
  "host-precedence-violation": [3, 14],
  "precedence-cutoff": [3, 15],
  "source-quench": [4],
  redirect: [5],
  "network-redirect": [5, 0],
  "host-redirect": [5, 1],
  "TOS-network-redirect": [5, 2],
  "TOS-host-redirect": [5, 3],
  "echo-request": [8],
  ping: [8],
  "router-advertisement": [9],
  "router-solicitation": [10],
  "time-exceeded": [11],
  "ttl-exceeded": [11],
  "ttl-zero-during-transit": [11, 0],
  "ttl-zero-during-reassembly": [11, 1],
  "parameter-problem": [12],
  "ip-header-bad": [12, 0],
  "required-option-missing": [12, 1],
  "timestamp-request": [13],
  "timestamp-reply": [14],
  "address-mask-request": [17],
  "address-mask-reply": [18],
};

/** The order of the bits in the flags byte (RFC 9293, section 3.1), lowest first. */
export const tcpFlagNames = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"] as const;
