/* A plug-in that does what it is told to by the environment and by its parameters, all of it bad. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <steadfast_plugin.h>

#ifdef ABI
STEADFAST_PLUGIN_ABI(ABI, ABI)
#endif

static const steadfast_host *host;

typedef struct {
    char group[128], name[128], crash[64], hang[64], answer[64], garbage[64], state[4096], flaps[4096];
    int looks;
} unruly;

static void give(char *to, size_t size, const steadfast_resource *resource, const char *name) {
    for (size_t at = 0; at < resource->parameters_count; at++)
        if (!strcmp(resource->parameters[at].name, name)) snprintf(to, size, "%s", resource->parameters[at].value);
}

static void misbehave(const char *crash, const char *hang, const char *here) {
    if (!strcmp(crash, here)) {
        volatile int *nowhere = 0;
        *nowhere = 1;
    }
    if (!strcmp(hang, here))
        for (;;) pause();
}

/* What a plug-in that has lost its mind writes, to all descriptors that it can guess. */
static void garbage(void) {
    static const char line[] = "\xff\xff\xff\xff garbage \n";
    for (int fd = 0; fd < 64; fd++) {
        ssize_t ignored = write(fd, line, sizeof line);
        (void)ignored;
    }
}

static steadfast_status un_open(const steadfast_resource *resource, steadfast_handle *handle, char *text,
                                size_t size) {
    unruly *it = calloc(1, sizeof *it);
    snprintf(it->group, sizeof it->group, "%s", resource->group);
    snprintf(it->name, sizeof it->name, "%s", resource->name);
    give(it->crash, sizeof it->crash, resource, "crash");
    give(it->hang, sizeof it->hang, resource, "hang");
    give(it->answer, sizeof it->answer, resource, "answer");
    give(it->garbage, sizeof it->garbage, resource, "garbage");
    give(it->state, sizeof it->state, resource, "state");
    give(it->flaps, sizeof it->flaps, resource, "flaps");
    misbehave(it->crash, it->hang, "open");
    if (!strcmp(it->answer, "no-open")) {
        memset(text, 'x', size); /* No zero byte anywhere. */
        *handle = (void *)1;
        free(it);
        return STEADFAST_ARGUMENTS;
    }
    *handle = it;
    return STEADFAST_OK;
}

static void un_close(steadfast_handle handle) {
    unruly *it = handle;
    misbehave(it->crash, it->hang, "close");
    free(it);
}

static steadfast_status act(unruly *it, const char *verb, char *text, size_t size) {
    misbehave(it->crash, it->hang, verb);
    if (!strcmp(it->garbage, verb)) garbage();
    if (!strcmp(it->answer, "undefined")) {
        snprintf(text, size, "caf\xe9");
        return 4711;
    }
    return STEADFAST_OK;
}

static steadfast_status un_online(steadfast_handle handle, char *text, size_t size) {
    unruly *it = handle;
    printf("printed by online of %s\n", it->name);
    fflush(stdout);
    FILE *state = it->state[0] ? fopen(it->state, "w") : NULL;
    if (state) fclose(state);
    return act(it, "online", text, size);
}

static steadfast_status un_offline(steadfast_handle handle, char *text, size_t size) {
    unruly *it = handle;
    if (it->state[0]) unlink(it->state);
    return act(it, "offline", text, size);
}

static steadfast_status un_terminate(steadfast_handle handle, char *text, size_t size) {
    unruly *it = handle;
    if (it->state[0]) unlink(it->state);
    return act(it, "terminate", text, size);
}

static steadfast_status look(unruly *it, const char *verb, char *text, size_t size) {
    steadfast_status status = act(it, verb, text, size);
    /* While that file is there, every other look finds something else. */
    if (it->flaps[0] && !access(it->flaps, F_OK) && it->looks++ % 2) return STEADFAST_NOT_RUNNING;
    return status == STEADFAST_OK && it->state[0] && access(it->state, F_OK) ? STEADFAST_NOT_RUNNING : status;
}

static steadfast_status un_looks(steadfast_handle handle, char *text, size_t size) {
    return look(handle, "looks-alive", text, size);
}

static steadfast_status un_is(steadfast_handle handle, char *text, size_t size) {
    return look(handle, "is-alive", text, size);
}

static void *fail_from_elsewhere(void *handle) {
    unruly *it = handle;
    if (it->state[0]) unlink(it->state);
    host->failed(it->group, it->name, "it fell over");
    host->failed(NULL, "\xff", NULL);
    host->log(NULL, NULL);
    return NULL;
}

static steadfast_status un_control(steadfast_handle handle, const char *request, char *text, size_t size) {
    if (!strcmp(request, "fail")) {
        pthread_t thread;
        pthread_create(&thread, NULL, fail_from_elsewhere, handle);
        pthread_detach(thread);
    }
    snprintf(text, size, "asked for %s", request);
    return STEADFAST_OK;
}

static const steadfast_type unruly_type = {
    .size = sizeof(steadfast_type), .name = "unruly", .version = "1", .summary = "Whatever goes wrong.",
    .open = un_open, .close = un_close, .online = un_online, .offline = un_offline,
    .looks_alive = un_looks, .is_alive = un_is, .terminate = un_terminate, .control = un_control,
};

/* A null handle is as good as any. */
static steadfast_status null_open(const steadfast_resource *resource, steadfast_handle *handle, char *text,
                                  size_t size) {
    (void)resource, (void)handle, (void)text, (void)size;
    return STEADFAST_OK;
}
static void null_close(steadfast_handle handle) { if (handle) abort(); }
static steadfast_status null_call(steadfast_handle handle, char *text, size_t size) {
    (void)text, (void)size;
    return handle ? STEADFAST_FAILED : STEADFAST_OK;
}
static const steadfast_type stateless = {
    .size = sizeof(steadfast_type), .name = "stateless", .version = "1", .summary = "Hands out null.",
    .open = null_open, .close = null_close, .online = null_call, .offline = null_call,
    .looks_alive = null_call, .is_alive = null_call,
};

/* Types with something wrong: usable are the others. */
static const steadfast_type without = {
    .size = sizeof(steadfast_type), .name = "without-online", .version = "\xff", .open = null_open,
    .close = null_close, .offline = null_call, .looks_alive = null_call, .is_alive = null_call,
    .parameters_count = 1u << 30,
};

static const steadfast_type small = {.size = 8, .name = "small"};
static const steadfast_type unnamed = {.size = sizeof(steadfast_type)};
static const steadfast_type odd = {.size = sizeof(steadfast_type), .name = "No Type\n"};

static const steadfast_type *const good[] = {&unruly_type, &stateless, &without};
static const steadfast_type *const bad[] = {&small, &unnamed, &odd, NULL, &stateless, &stateless};

/* How the start-up misbehaves: as it was compiled, or as the host was told. */
#ifndef HOW
#define HOW getenv("UNRULY")
#endif

static steadfast_plugin plugin = {
    .size = sizeof(steadfast_plugin), .abi = 1, .name = "unruly", .version = "1", .types = good, .types_count = 3,
};

const steadfast_plugin *steadfast_plugin_startup(const steadfast_host *offered, char *text, size_t size) {
    const char *how = HOW;
    host = offered;
    if (!how) return &plugin;
    misbehave(how, "", "crash");
    misbehave("", how, "hang");
    if (!strcmp(how, "refuse")) {
        snprintf(text, size, "no licence");
        return NULL;
    }
    if (!strcmp(how, "refuse-silently")) return NULL;
    if (!strcmp(how, "abi")) plugin.abi = 9;
    if (!strcmp(how, "size")) plugin.size = 12;
    if (!strcmp(how, "none")) plugin.types_count = 0;
    if (!strcmp(how, "many")) plugin.types_count = (size_t)-1;
    if (!strcmp(how, "name")) plugin.name = NULL;
    if (!strcmp(how, "bad")) plugin.types = bad, plugin.types_count = 6;
    return &plugin;
}
