/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The library that the plug-in beside it needs, as a vendor would ship it for several programs. Built
 * with -DVENDOR_VERSION=3 it is the older one, which lacks a function. Nothing in the file says so but
 * the function that is missing: that is how an older copy over a newer one goes unnoticed.
 */
#define _GNU_SOURCE
#include "vendor_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void record_of(const char *device, char *path, size_t size) {
    snprintf(path, size, "%s.owner", device);
}

/* Who holds it; an empty text if nobody does. */
static int holder(const char *device, char *owner, size_t size) {
    char path[4096];
    record_of(device, path, sizeof path);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    owner[0] = 0;
    if (file < 0) return errno == ENOENT ? 0 : errno;
    ssize_t length = read(file, owner, size - 1);
    close(file);
    if (length < 0) return errno;
    owner[length] = 0;
    return 0;
}

int vendor_claim(const char *device, const char *owner) {
    char path[4096], now[256];
    int error = holder(device, now, sizeof now);
    if (error) return error;
    if (now[0]) return strcmp(now, owner) ? EBUSY : 0;
    record_of(device, path, sizeof path);
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) return errno;
    ssize_t written = write(file, owner, strlen(owner));
    error = written < 0 ? errno : 0;
    close(file);
    return error;
}

int vendor_disclaim(const char *device, const char *owner) {
    char path[4096], now[256];
    int error = holder(device, now, sizeof now);
    if (error) return error;
    if (!now[0]) return 0;
    if (strcmp(now, owner)) return EBUSY;
    record_of(device, path, sizeof path);
    return unlink(path) ? errno : 0;
}

#if VENDOR_VERSION >= 4
int vendor_is_claimed(const char *device, const char *owner) {
    char now[256];
    int error = holder(device, now, sizeof now);
    return error ? -error : now[0] && !strcmp(now, owner);
}
#endif
