/* SPDX-License-Identifier: MIT */
/* host_names.c — names from three sources into one list. */
#include "cmd/host_names.h"

#include <limits.h>
#include <unistd.h>

#define MACHINE_NAME_SIZE (HOST_NAME_MAX + 1)

static enum status add(struct host_names *names, struct bytes name, struct err *err)
{
    struct bytes copy = arena_copy(&names->arena, name);
    if (!copy.data)
        return err_no_memory(err);
    ASSERT(names->site.name_count < ARRAY_SIZE(names->names));
    names->names[names->site.name_count++] = copy;
    return STATUS_OK;
}

static enum status add_list(struct host_names *names, struct bytes list, struct err *err)
{
    while (list.size) {
        struct bytes name = bytes_trim(bytes_split(&list, ','));
        if (name.size == 0)
            continue;
        if (!site_name_valid(name))
            return err_set(err, STATUS_INVALID_ARGUMENT,
                           "host-names: \"%.80s\" is no host name; write names as in pool.example, without "
                           "scheme, port and brackets",
                           arena_fmt(&names->arena, "%.*s", BYTES_FMT(name)));
        if (names->site.name_count == HOST_NAMES_MAX)
            return err_set(err, STATUS_INVALID_ARGUMENT,
                           "host-names: at most %d names (limit host-names-max)", HOST_NAMES_MAX);
        enum status status = add(names, name, err);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static bool is_loopback(struct bytes address)
{
    return bytes_starts_with(address, BYTES_LITERAL("127.")) || bytes_equal_cstr(address, "::1");
}

/* Other machines ask for us by what they call this one. */
static enum status add_machine_name(struct host_names *names, struct err *err)
{
    char text[MACHINE_NAME_SIZE] = "";
    if (gethostname(text, sizeof text - 1) != 0 || !site_name_valid(bytes_of_cstr(text)))
        return STATUS_OK; /* it has none that could be asked for */
    return add(names, bytes_of_cstr(text), err);
}

enum status host_names_init(struct host_names *names, const char *listen_address, const char *list,
                            struct err *err)
{
    struct bytes address = bytes_of_cstr(listen_address);
    *names = (struct host_names){0};
    names->site.names = names->names;
    enum status status = add_list(names, bytes_of_cstr(list), err);
    if (status == STATUS_OK)
        status = add(names, address, err);
    if (status != STATUS_OK || is_loopback(address))
        return status;
    names->site.any_address = bytes_equal_cstr(address, "0.0.0.0") || bytes_equal_cstr(address, "::");
    return add_machine_name(names, err);
}

void host_names_fini(struct host_names *names)
{
    arena_fini(&names->arena);
}
