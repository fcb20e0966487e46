# kube-proxy with the programs it calls, every extension of xtables, and the libraries of all of them.
ARG NODE_ROOT
FROM ${NODE_ROOT} AS root
COPY collect /collect
RUN /bin/bash /collect /image

FROM scratch
COPY --from=root /image /
COPY kube-proxy /usr/local/bin/kube-proxy
