# Where traffic comes from: a small Debian with Locust and the traffic agent, `python3 -P -m gauntlet.traffic.agent`.
# A pod of it serves as well, like any of agnhost.
ARG CLIENT_ROOT
FROM ${CLIENT_ROOT}
ARG PYTHON
COPY packages /usr/local/lib/python${PYTHON}/dist-packages/
COPY gauntlet /usr/local/lib/python${PYTHON}/dist-packages/gauntlet/
RUN python3 -m compileall -q /usr/local/lib/python${PYTHON}/dist-packages && \
    python3 -P -m gauntlet.traffic.agent </dev/null | grep -q Ready
COPY agnhost /agnhost
ENTRYPOINT ["/agnhost"]
CMD ["pause"]
