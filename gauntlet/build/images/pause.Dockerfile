# Holds the namespaces of a pod. Its processes are reaped by their own container's first one.
ARG CLIENT_ROOT
FROM ${CLIENT_ROOT} AS root

FROM scratch
# Under its own name: by another one, busybox would look for a command of that name in itself.
COPY --from=root /bin/busybox /busybox
RUN ["/busybox", "sleep", "0"]
ENTRYPOINT ["/busybox", "sleep", "2147483647"]
