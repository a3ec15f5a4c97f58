# Ends a lab: every process, then every control group, mount and file of it. Waits first until its
# standard input ends, which the kernel does for us when the lab's creator is gone, however it went.
# Harmless when run twice, or while another one runs.
#   sh -c THIS reaper DIR LOCK CGROUP CGROUP_MOUNT     (CGROUP_MOUNT empty: not mounted by the lab)
dir=$1 lock=$2 cgroup=$3 cgroup_mount=$4
trap '' HUP INT QUIT TERM PIPE
read -r _never_comes
cd /

# A process may be between fork and its entry into the group, so: kill until the groups can go.
tries=0
while [ -d "$cgroup" ] && [ "$tries" -lt 3000 ]; do
    echo 1 >"$cgroup/cgroup.kill"
    find "$cgroup" -depth -type d -exec rmdir {} + && break
    sleep 0.01
    tries=$((tries + 1))
done

if [ -n "$cgroup_mount" ]; then
    umount "$cgroup_mount"
    rmdir "$cgroup_mount"
fi
# Only where the lab had to mount a file system for its disks; an error elsewhere.
umount -l "$dir"
# The hosts' mounts were never visible out here; --one-file-system is the belt to these braces.
rm -rf --one-file-system -- "$dir"
rm -f -- "$lock"
