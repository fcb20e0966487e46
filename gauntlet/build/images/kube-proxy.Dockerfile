# kube-proxy with the programs it calls, every extension of xtables, and the libraries of all of them.
ARG NODE_ROOT
FROM ${NODE_ROOT} AS root
COPY collect /collect
RUN /bin/bash /collect /image

FROM scratch
COPY --from=root /image /
COPY kube-proxy /usr/local/bin/kube-proxy
# Each program and what it loads by name: a missing extension would show only when a Service has its second endpoint.
RUN [ -s /etc/protocols ] && kube-proxy --version && ip -V && nft --version && conntrack --version && ethtool --version && \
    for match in addrtype comment conntrack mark recent statistic tcp udp; do \
        iptables -m $match --help >/dev/null || exit 1; \
    done && \
    for target in DNAT MARK MASQUERADE REJECT; do iptables -j $target --help >/dev/null || exit 1; done && \
    iptables-legacy --version && ip6tables --version
