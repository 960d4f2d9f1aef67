/* SPDX-License-Identifier: MIT */
/* host_names.c — names from three sources into one list. */
#include "cmd/host_names.h"

#include <limits.h>
#include <unistd.h>

#define MACHINE_NAME_SIZE (HOST_NAME_MAX + 1)

static enum status add(struct host_names *h, struct bytes name, struct err *e)
{
    struct bytes copy = arena_copy(&h->arena, name);
    if (!copy.data)
        return err_set(e, STATUS_NO_MEMORY, "out of memory");
    ASSERT(h->site.name_count < ARRAY_SIZE(h->names));
    h->names[h->site.name_count++] = copy;
    return STATUS_OK;
}

static enum status add_list(struct host_names *h, struct bytes list, struct err *e)
{
    while (list.size) {
        struct bytes name = bytes_trim(bytes_split(&list, ','));
        if (name.size == 0)
            continue;
        if (!site_name_valid(name))
            return err_set(e, STATUS_INVALID_ARGUMENT,
                           "host-names: \"%.80s\" is no host name; write names as in pool.example, without "
                           "scheme, port and brackets",
                           arena_fmt(&h->arena, "%.*s", BYTES_FMT(name)));
        if (h->site.name_count == HOST_NAMES_MAX)
            return err_set(e, STATUS_INVALID_ARGUMENT, "host-names: at most %d names", HOST_NAMES_MAX);
        enum status status = add(h, name, e);
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
static enum status add_machine_name(struct host_names *h, struct err *e)
{
    char text[MACHINE_NAME_SIZE] = "";
    if (gethostname(text, sizeof text - 1) != 0 || !site_name_valid(bytes_of_cstr(text)))
        return STATUS_OK; /* it has none that could be asked for */
    return add(h, bytes_of_cstr(text), e);
}

enum status host_names_init(struct host_names *h, const char *listen_address, const char *list, struct err *e)
{
    struct bytes address = bytes_of_cstr(listen_address);
    *h = (struct host_names){0};
    h->site.names = h->names;
    enum status status = add_list(h, bytes_of_cstr(list), e);
    if (status == STATUS_OK)
        status = add(h, address, e);
    if (status != STATUS_OK || is_loopback(address))
        return status;
    h->site.any_address = bytes_equal_cstr(address, "0.0.0.0") || bytes_equal_cstr(address, "::");
    return add_machine_name(h, e);
}

void host_names_fini(struct host_names *h)
{
    arena_fini(&h->arena);
}
