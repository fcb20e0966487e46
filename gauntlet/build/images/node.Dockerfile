# A kind node: kind's own files over a Debian, as images/base/Dockerfile of kind lays them, then Kubernetes.
ARG NODE_ROOT
FROM ${NODE_ROOT}
ARG VERSION
ARG PAUSE

COPY base /
# Of the scripts alone: a program whose mode is set here would be in the image twice.
RUN chmod 0755 /kind /kind/bin /kind/bin/* /usr/local/bin/entrypoint /usr/local/bin/clean-install \
        /usr/local/bin/crictl && \
    chmod 0644 /etc/systemd/system/*.service /etc/systemd/system/*.slice /etc/systemd/system/kubelet.service.d/* && \
# No unit but ours: the others want hardware, or change what is the whole kernel's.
    rm -f /lib/systemd/system/sysinit.target.wants/systemd-tmpfiles-setup.service \
        /lib/systemd/system/multi-user.target.wants/* /etc/systemd/system/*.wants/* \
        /lib/systemd/system/local-fs.target.wants/* /lib/systemd/system/sockets.target.wants/*udev* \
        /lib/systemd/system/sockets.target.wants/*initctl* /lib/systemd/system/basic.target.wants/* && \
    echo "ReadKMsg=no" >>/etc/systemd/journald.conf && \
    ln -sf /usr/lib/systemd/systemd /sbin/init && \
    systemctl enable kubelet.service containerd.service undo-mount-hacks.service && \
    systemctl mask systemd-binfmt.service && \
# fs.protected_* and the like belong to the host's kernel.
    rm -f /usr/lib/sysctl.d/*.conf && \
    mkdir -p /etc/kubernetes/manifests && \
    ctr oci spec | jq '.hooks.createContainer += [{"path": "/kind/bin/mount-product-files.sh"}] | del(.process.rlimits)' \
        >/etc/containerd/cri-base.json && \
# kind takes the words "detected cgroup v1" for a node that is up, and systemd may not be: so it waits for its target.
    sed -i "s|'detected cgroup v1'|'cgroup v1 is used'|" /usr/local/bin/entrypoint && \
    ! grep -q 'detected cgroup v1' /usr/local/bin/entrypoint && \
# The pause image that is there; scores below its own a process may only set with CAP_SYS_RESOURCE; and pods get their
# addresses and routes from the node itself, without a daemon.
    sed -i -e "s|^\( *sandbox_image = \).*|\1\"${PAUSE}\"|" \
        -e 's|^\( *restrict_oom_score_adj = \).*|\1true|' /etc/containerd/config.toml && \
    printf '%s\n' '' '[plugins."io.containerd.grpc.v1.cri".cni]' '  conf_template = "/etc/containerd/cni.conflist"' \
        >>/etc/containerd/config.toml && \
    printf %s "v${VERSION}" >/kind/version && \
    kubelet --version && kubeadm version && containerd --version && runc --version && \
    jq --exit-status '.hooks.createContainer | length == 1' /etc/containerd/cri-base.json

ENV container=docker
LABEL dev.gauntlet.network=ptp dev.gauntlet.kubernetes=${VERSION}
STOPSIGNAL SIGRTMIN+3
ENTRYPOINT ["/usr/local/bin/entrypoint", "/sbin/init"]
