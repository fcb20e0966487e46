# Where traffic comes from: a small Debian with Locust and the traffic agent, `python3 -P -m gauntlet.traffic.agent`.
ARG CLIENT_ROOT
FROM ${CLIENT_ROOT}
ARG PYTHON
COPY packages /usr/local/lib/python${PYTHON}/dist-packages/
COPY gauntlet /usr/local/lib/python${PYTHON}/dist-packages/gauntlet/
RUN python3 -m compileall -q /usr/local/lib/python${PYTHON}/dist-packages && \
    python3 -P -m gauntlet.traffic.agent </dev/null | grep -q Ready
# A pod, or a container, of this image waits for commands until it is told to end.
ENTRYPOINT ["/bin/busybox", "sleep", "2147483647"]
