# Ends the daemons of a benchmark and removes its folders. Waits first until its standard input ends,
# which the kernel does for us when the benchmark is gone, however it went. Until then it is told
# which daemons live: `+ PID` started, `- PID` ended and buried.
#   sh -c THIS keeper FOLDER...
trap '' HUP INT QUIT TERM PIPE
alive=' '
while read -r sign pid; do
    case $sign in
        +) alive="$alive$pid " ;;
        -) alive="${alive%% "$pid" *} ${alive#* "$pid" }" ;;
    esac
done
for pid in $alive; do
    kill -9 "$pid"
done
# One that is still dying may still make a file.
tries=0
while ! rm -rf -- "$@" && [ "$tries" -lt 100 ]; do
    sleep 0.05
    tries=$((tries + 1))
done
