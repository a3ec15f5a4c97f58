# Installs the packages named as arguments, and starts none of their services.
#
# Debian asks /usr/sbin/policy-rc.d whether a service may be started; 101 is "no". Where the
# administrator has one already, his stays in force. Ours is taken away on every way out, and one
# that an earlier run could not take away (power loss) is known by its mark.
set -u
policy=/usr/sbin/policy-rc.d
mark='# made for the time of one installation by cargo xtask prereqs'
ours=
cleanup() { [ -z "$ours" ] || rm -f "$policy"; }
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

if [ ! -e "$policy" ] || grep -qxF "$mark" "$policy"; then
    ours=1
    printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
    chmod 755 "$policy"
fi

# Ubuntu's needrestart would restart services of its own accord.
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
apt="apt-get -q -o DPkg::Lock::Timeout=300"
$apt update && $apt install -y --no-install-recommends "$@"
