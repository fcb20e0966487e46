# Holds the namespaces of a pod. Its processes are reaped by their own container's first one.
ARG CLIENT_ROOT
FROM ${CLIENT_ROOT} AS root

FROM scratch
COPY --from=root /bin/busybox /pause
ENTRYPOINT ["/pause", "sleep", "2147483647"]
