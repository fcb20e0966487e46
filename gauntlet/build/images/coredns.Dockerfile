# CoreDNS where kubeadm's Deployment expects it: only arguments are given there.
FROM scratch
COPY coredns /coredns
ENTRYPOINT ["/coredns"]
