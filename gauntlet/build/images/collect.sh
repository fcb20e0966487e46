# Copies programs with the libraries they need into the folder $1: what a kube-proxy image has beside kube-proxy.
set -euo pipefail
shopt -s nullglob
readonly into=$1
readonly -a programs=(
    /usr/sbin/{conntrack,ethtool,ip,ipset,ipvsadm,nft,xtables-legacy-multi,xtables-nft-multi}
    /bin/{bash,cat,sh,sleep} /sbin/modprobe /bin/kmod
)
# kube-proxy calls iptables by these names; their extensions are loaded by name, so that ldd does not tell of them.
readonly -a others=(/usr/sbin/{iptables,ip6tables}* /etc/alternatives/{iptables,ip6tables}* /usr/lib/*/xtables/*.so)

copy() { [[ -e $into$1 ]] || cp --parents --no-dereference "$1" "$into"; }
with_libraries() {
    local library
    copy "$1"
    for library in $(ldd "$1" 2>/dev/null | grep -o '/[^ ]*'); do
        copy "$library"
        copy "$(readlink -f "$library")"
    done
}

# Without the names of protocols nft prints "6" for "tcp". kube-proxy, which reads what it wrote before it was restarted,
# then takes each element of its maps for one left over, and deletes it: no Service works after a restart.
readonly -a names=(/etc/{protocols,services})

mkdir -p "$into"/{run,tmp,var/lib/kube-proxy,lib,usr/lib}
# The root has merged folders (/bin is a link to /usr/bin), and so has the image.
for folder in bin sbin lib lib64; do
    if [[ -L /$folder ]]; then
        rm -rf "${into:?}/$folder"
        mkdir -p "$into/usr/$folder"
        ln -s "usr/$folder" "$into/$folder"
    fi
done
for file in "${programs[@]}" "${others[@]}"; do
    [[ -e $file ]] || continue
    real=$(readlink -f "$file")
    copy "$file"
    with_libraries "$real"
done
for file in "${names[@]}"; do
    copy "$file"
done
for library in /usr/lib/*/lib{xtables,ip4tc,ip6tc,m}.so.*; do
    with_libraries "$library"
done
