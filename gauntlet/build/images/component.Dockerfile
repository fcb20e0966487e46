# One static program as an image, as kubeadm's static pods expect it.
FROM scratch
ARG PROGRAM
COPY ${PROGRAM} /usr/local/bin/${PROGRAM}
