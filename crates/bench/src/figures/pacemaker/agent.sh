#!/bin/sh
# The OCF agent of the service, as agents usually are: `monitor` says whether it runs, `start` starts it,
# `validate-all` and every probe look whether its files are there. Each call leaves a line in a journal:
# seconds since 1970, the action, and what was answered.
program=/opt/vendor/service
library=/opt/vendor/libvendor.so
pidfile=/run/vendor-service.pid
journal=/var/log/vendor-agent.journal

runs() { [ -s "$pidfile" ] && kill -0 "$(cat "$pidfile")" 2>/dev/null; }

are_there() {
    [ -x "$program" ] && [ -r "$library" ] && return 0
    echo "ocf-exit-reason:$program or its library is not there" >&2
    return 5 # not installed
}

start() {
    runs && return 0
    said=$("$program" "$pidfile" 2>&1) && return 0
    echo "ocf-exit-reason:$said" >&2
    return 1
}

stop() {
    runs || return 0
    kill "$(cat "$pidfile")"
    while runs; do sleep 0.02; done
    rm -f "$pidfile"
}

monitor() {
    are_there || return
    runs || return 7 # not running
}

meta_data() {
    cat <<'XML'
<?xml version="1.0"?>
<resource-agent name="service" version="1.0">
<version>1.1</version>
<longdesc lang="en">A program that needs a library of its vendor's.</longdesc>
<shortdesc lang="en">A program</shortdesc>
<parameters/>
<actions>
<action name="start" timeout="20s"/>
<action name="stop" timeout="20s"/>
<action name="monitor" timeout="20s" interval="5s"/>
<action name="validate-all" timeout="20s"/>
<action name="meta-data" timeout="5s"/>
</actions>
</resource-agent>
XML
}

case $1 in
meta-data) meta_data; exit ;;
start | stop | monitor) "$1" ;;
validate-all) are_there ;;
*) exit 3 ;; # not implemented
esac
answer=$?
echo "$(date +%s.%N) $1 $answer" >>"$journal"
exit $answer
