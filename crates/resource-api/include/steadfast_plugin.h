/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * Native plug-ins of Steadfast: resource types in a shared library.
 *
 * A library exports one function, steadfast_plugin_startup, and hands out a table of types. Each library
 * is loaded into a process of its own (steadfast-plugin-host): what it breaks is its own.
 *
 * Rules
 *   - Every structure but steadfast_parameter_value begins with its size. A later version of this header
 *     only appends members, and what lies beyond the given size is not read. In an array of structures
 *     all have the same size.
 *   - Texts are UTF-8 and end with a zero byte. Whoever hands one out keeps it until the call returns,
 *     except in the tables, which live as long as the library. A library is never unloaded.
 *   - Each resource has a thread, and all its calls come from it, one after the other, with one
 *     exception: terminate comes from another thread while a call has not returned. Calls for different
 *     resources come at the same time.
 *   - Whatever a library starts is found again from the parameters alone: its process may be replaced at
 *     any moment, and its successor only opens the resource again and looks.
 *   - is_alive also answers whether the resource runs at all, whoever started it: STEADFAST_NOT_RUNNING
 *     is as good an answer as STEADFAST_OK. It changes nothing.
 *   - offline of what does not run is done.
 *   - A call that is not back at its deadline costs the library its process: the host says that it timed
 *     out, and ends. Foreign code cannot be stopped by itself: a thread that is ended from outside
 *     leaves its locks locked and its memory half written, and one that is left running may come back
 *     after another call has taken its place. Only the end of the process ends it surely. A new host is
 *     started for what the library serves, and the resource that hung is not asked again by it.
 *   - Standard output and standard error are kept as the output of the plug-in; standard input is
 *     empty. Other descriptors that the library has not opened are not its own. SIGPIPE is ignored:
 *     set it back in programs that you start.
 */
#ifndef STEADFAST_PLUGIN_H
#define STEADFAST_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The versions of this interface that this header describes. */
#define STEADFAST_ABI_OLDEST 1u
#define STEADFAST_ABI_NEWEST 1u

#if defined(__GNUC__)
#define STEADFAST_EXPORT __attribute__((visibility("default")))
#else
#define STEADFAST_EXPORT
#endif

/* What a call returns. Anything else is a failure without a meaning. */
typedef int32_t steadfast_status;
#define STEADFAST_OK 0              /* done; of a look: it runs */
#define STEADFAST_FAILED 1          /* it did not work */
#define STEADFAST_ARGUMENTS 2       /* a parameter is wrong on this node */
#define STEADFAST_UNIMPLEMENTED 3   /* this type has no such call; the same as a null pointer */
#define STEADFAST_PERMISSION 4      /* a right is missing */
#define STEADFAST_NOT_INSTALLED 5   /* something it needs is not installed here */
#define STEADFAST_NOT_CONFIGURED 6  /* a parameter is wrong everywhere */
#define STEADFAST_NOT_RUNNING 7     /* of a look: it does not run, and nothing of it is left;
                                       of offline and terminate the same as STEADFAST_OK */

typedef struct steadfast_parameter_value {
    const char *name;
    const char *value;
} steadfast_parameter_value;

/* A resource, as open gets it. */
typedef struct steadfast_resource {
    uint32_t size;
    const char *group;
    const char *name;
    const char *node;
    const steadfast_parameter_value *parameters;
    size_t parameters_count;
} steadfast_resource;

/* What the host offers. It lives as long as the process, and its functions may be called from any
 * thread at any time. */
typedef struct steadfast_host {
    uint32_t size;
    uint32_t abi_oldest;
    uint32_t abi_newest;
    /* A line for the log of this resource; resource may be null. */
    void (*log)(const char *resource, const char *text);
    /* The resource failed, now: it will be looked at without waiting for the next interval.
     * group and name as open got them. */
    void (*failed)(const char *group, const char *name, const char *text);
} steadfast_host;

typedef struct steadfast_parameter {
    uint32_t size;
    const char *name;
    const char *summary;       /* a line; may be null */
    const char *default_value; /* may be null */
    int32_t required;
} steadfast_parameter;

/* What open hands out, and every other call gets back. The host never looks into it; it may be null. */
typedef void *steadfast_handle;

/* Fills text, of text_size bytes with the zero byte, with the reason, where the call did not work. */
typedef steadfast_status (*steadfast_call)(steadfast_handle handle, char *text, size_t text_size);

typedef struct steadfast_type {
    uint32_t size;
    const char *name;    /* in the declarative file: lower case letters, digits and - */
    const char *version;
    const char *summary;
    const steadfast_parameter *parameters;
    size_t parameters_count;

    /* Required. open touches nothing yet; one that did not return STEADFAST_OK is not closed. */
    steadfast_status (*open)(const steadfast_resource *resource, steadfast_handle *handle,
                             char *text, size_t text_size);
    void (*close)(steadfast_handle handle);
    steadfast_call online;
    steadfast_call offline;
    steadfast_call looks_alive;
    steadfast_call is_alive;

    /* May be null. terminate ends the resource at any price; control writes its answer into text. */
    steadfast_call terminate;
    steadfast_call reserve;
    steadfast_call release;
    steadfast_call validate;
    steadfast_status (*control)(steadfast_handle handle, const char *request,
                                char *text, size_t text_size);
} steadfast_type;

typedef struct steadfast_plugin {
    uint32_t size;
    uint32_t abi;        /* the version that the library speaks: one of the host's range */
    const char *name;
    const char *version;
    const steadfast_type *const *types;
    size_t types_count;
} steadfast_plugin;

/* Called once, before anything else. The library picks a version from the host's range. If it knows
 * none of it, or cannot work, it returns null and fills text with the reason. */
typedef const steadfast_plugin *(*steadfast_plugin_startup_function)(const steadfast_host *host,
                                                                     char *text, size_t text_size);
STEADFAST_EXPORT const steadfast_plugin *steadfast_plugin_startup(const steadfast_host *host, char *text,
                                                                  size_t text_size);

/* Optional: the versions that the library can speak, oldest and newest. With them the host refuses a
 * library that is too old or too new by naming both ranges, and without running anything of it but its
 * constructors. Write STEADFAST_PLUGIN_ABI(1, 1) once, outside any function. */
extern STEADFAST_EXPORT const uint32_t steadfast_plugin_abi[2];
#define STEADFAST_PLUGIN_ABI(oldest, newest) \
    STEADFAST_EXPORT const uint32_t steadfast_plugin_abi[2] = {(oldest), (newest)};

#ifdef __cplusplus
}
#endif
#endif
