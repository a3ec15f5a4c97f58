/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A native plug-in in C, to copy from: the type `vendor-disk`, served by a vendor's library, which
 * needs another library of the vendor (vendor_helper.c) at version 4.
 *
 *   cc -shared -fPIC -DVENDOR_VERSION=4 -Wl,-soname,libvendor.so -o libvendor.so.4 vendor_helper.c
 *   ln -s libvendor.so.4 libvendor.so
 *   cc -shared -fPIC -I../../../crates/resource-api/include -o vendor_disk.so vendor_disk.c \
 *      -L. -lvendor -Wl,-rpath,'$ORIGIN'
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <steadfast_plugin.h>

#include "vendor_helper.h"

STEADFAST_PLUGIN_ABI(1, 1)

static const steadfast_host *host;

typedef struct {
    char *device;
    char *owner;
} disk;

/* A status with a reason. */
__attribute__((format(printf, 4, 5)))
static steadfast_status because(steadfast_status status, char *text, size_t size, const char *form, ...) {
    va_list rest;
    va_start(rest, form);
    vsnprintf(text, size, form, rest);
    va_end(rest);
    return status;
}

static const char *parameter(const steadfast_resource *resource, const char *name) {
    for (size_t at = 0; at < resource->parameters_count; at++)
        if (!strcmp(resource->parameters[at].name, name)) return resource->parameters[at].value;
    return NULL;
}

static void disk_close(steadfast_handle handle) {
    disk *it = handle;
    free(it->device);
    free(it->owner);
    free(it);
}

static steadfast_status disk_open(const steadfast_resource *resource, steadfast_handle *handle, char *text,
                                  size_t size) {
    const char *device = parameter(resource, "device");
    if (!device || device[0] != '/')
        return because(STEADFAST_NOT_CONFIGURED, text, size, "`device` is not an absolute path");
    disk *it = calloc(1, sizeof *it);
    if (!it) return because(STEADFAST_FAILED, text, size, "no memory");
    it->device = strdup(device);
    it->owner = strdup(resource->node);
    if (!it->device || !it->owner) {
        disk_close(it);
        return because(STEADFAST_FAILED, text, size, "no memory");
    }
    *handle = it;
    return STEADFAST_OK;
}

static steadfast_status disk_validate(steadfast_handle handle, char *text, size_t size) {
    disk *it = handle;
    if (access(it->device, R_OK | W_OK))
        return because(errno == EACCES ? STEADFAST_PERMISSION : STEADFAST_ARGUMENTS, text, size, "%s: %s",
                       it->device, strerror(errno));
    return STEADFAST_OK;
}

static steadfast_status disk_online(steadfast_handle handle, char *text, size_t size) {
    disk *it = handle;
    steadfast_status status = disk_validate(handle, text, size);
    if (status != STEADFAST_OK) return status;
    int error = vendor_claim(it->device, it->owner);
    if (error) return because(STEADFAST_FAILED, text, size, "cannot claim %s: %s", it->device, strerror(error));
    if (host->log) host->log(it->device, "claimed");
    return STEADFAST_OK;
}

static steadfast_status disk_offline(steadfast_handle handle, char *text, size_t size) {
    disk *it = handle;
    int error = vendor_disclaim(it->device, it->owner);
    /* Held by another node: then it does not run here. */
    if (error == EBUSY) return STEADFAST_NOT_RUNNING;
    if (error) return because(STEADFAST_FAILED, text, size, "cannot let go of %s: %s", it->device, strerror(error));
    return STEADFAST_OK;
}

static steadfast_status disk_look(steadfast_handle handle, char *text, size_t size) {
    disk *it = handle;
    int held = vendor_is_claimed(it->device, it->owner);
    if (held < 0) return because(STEADFAST_FAILED, text, size, "%s: %s", it->device, strerror(-held));
    return held ? STEADFAST_OK : STEADFAST_NOT_RUNNING;
}

static steadfast_status disk_control(steadfast_handle handle, const char *request, char *text, size_t size) {
    disk *it = handle;
    if (!strcmp(request, "device")) return because(STEADFAST_OK, text, size, "%s", it->device);
    return because(STEADFAST_ARGUMENTS, text, size, "the only request is `device`");
}

static const steadfast_parameter parameters[] = {
    {.size = sizeof(steadfast_parameter), .name = "device", .summary = "The device, or an image of one.", .required = 1},
};

static const steadfast_type physical_disk = {
    .size = sizeof(steadfast_type),
    .name = "vendor-disk",
    .version = "4.0",
    .summary = "A disk that one node holds at a time.",
    .parameters = parameters,
    .parameters_count = sizeof parameters / sizeof parameters[0],
    .open = disk_open,
    .close = disk_close,
    .online = disk_online,
    .offline = disk_offline,
    .looks_alive = disk_look,
    .is_alive = disk_look,
    .terminate = disk_offline,
    .reserve = disk_online,
    .release = disk_offline,
    .validate = disk_validate,
    .control = disk_control,
};

static const steadfast_type *const types[] = {&physical_disk};

static const steadfast_plugin plugin = {
    .size = sizeof(steadfast_plugin),
    .abi = 1,
    .name = "vendor-disk",
    .version = "4.0",
    .types = types,
    .types_count = sizeof types / sizeof types[0],
};

const steadfast_plugin *steadfast_plugin_startup(const steadfast_host *offered, char *text, size_t size) {
    if (offered->abi_oldest > plugin.abi || offered->abi_newest < plugin.abi) {
        snprintf(text, size, "this library speaks version %u alone", plugin.abi);
        return NULL;
    }
    host = offered;
    return &plugin;
}
