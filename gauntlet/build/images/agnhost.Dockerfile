# Kubernetes' own test image, from its one static program. busybox gives it a shell, test, nc and wget.
ARG CLIENT_ROOT
FROM ${CLIENT_ROOT} AS root

FROM scratch
COPY --from=root /bin/busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN ["/bin/busybox", "mkdir", "-m", "1777", "/tmp"]
COPY agnhost /agnhost
EXPOSE 80 8080 8081 9376 5000
ENTRYPOINT ["/agnhost"]
CMD ["pause"]
