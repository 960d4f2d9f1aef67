/* SPDX-License-Identifier: MIT */
/* container_block.c — which ports are named; which number each has inside; the copy. */
#include "cmd/container_block.h"

#include <stdio.h>

struct joining {
    struct container_launch launch;
    const uint16_t *ports;
    size_t port_count;
};

static bool is_named(const struct container_launch *launch, uint16_t port)
{
    for (size_t i = 0; i < launch->variable_count; i++)
        if (container_names_port(bytes_of_cstr(launch->variables[i]), port))
            return true;
    return false;
}

static bool is_ours(const struct joining *joining, uint16_t port)
{
    for (size_t i = 0; i < joining->port_count; i++)
        if (joining->ports[i] == port)
            return true;
    return false;
}

/* The number of a port of ours in the container: the same, or the next that neither the app nor another of ours has. */
static uint16_t inner_of(const struct joining *joining, uint16_t port)
{
    uint16_t inner = port;
    while (inner == joining->launch.target || (inner != port && is_ours(joining, inner)))
        inner = inner == UINT16_MAX ? 1024 : (uint16_t)(inner + 1);
    return inner;
}

static enum status add_variable(const struct joining *joining, const char *variable, struct buf *block,
                                struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    uint16_t target = joining->launch.target;
    buf_append_cstr(&text, variable);
    if (target && is_ours(joining, target)) {
        buf_clear(&text);
        container_rename_port(&text, bytes_of_cstr(variable), target, inner_of(joining, target));
    }
    enum status status = buf_status(&text);
    if (status == STATUS_OK)
        status = container_launch_add(block, CONTAINER_VARIABLE, buf_peek(&text), err);
    if (text.data)
        explicit_bzero(text.data, text.size);
    return status;
}

static enum status add_forward(uint16_t inner, uint16_t outer, struct buf *block, struct err *err)
{
    char text[16];
    int size = snprintf(text, sizeof text, "%u:%u", (unsigned)inner, (unsigned)outer);
    return container_launch_add(block, CONTAINER_FORWARD, bytes_of(text, (size_t)size), err);
}

/* Everything but variables, as it is. */
static enum status copy_rest(struct bytes block, struct buf *ret_block)
{
    while (block.size > 0) {
        size_t size = bytes_find(block, bytes_of("", 1)) + 1;
        struct bytes one = bytes_slice(block, 0, size);
        if (!bytes_starts_with(one, BYTES_LITERAL("variable=")))
            buf_append_bytes(ret_block, one);
        block = bytes_slice(block, size, SIZE_MAX);
    }
    return buf_status(ret_block);
}

enum status container_block_join(struct bytes block, const uint16_t *ports, size_t port_count,
                                 struct buf *ret_block, struct err *err)
{
    struct joining joining = {.ports = ports, .port_count = port_count};
    enum status status = container_launch_read(block, &joining.launch, err);
    if (status == STATUS_OK)
        status = copy_rest(block, ret_block);
    for (size_t i = 0; i < joining.launch.variable_count && status == STATUS_OK; i++)
        status = add_variable(&joining, joining.launch.variables[i], ret_block, err);

    size_t count = joining.launch.forward_count;
    for (size_t i = 0; i < port_count && status == STATUS_OK; i++) {
        if (!is_named(&joining.launch, ports[i]))
            continue;
        if (++count > CONTAINER_FORWARDS_MAX)
            return err_set(err, STATUS_MALFORMED, "its variables name over %d ports of this server",
                           CONTAINER_FORWARDS_MAX);
        status = add_forward(inner_of(&joining, ports[i]), ports[i], ret_block, err);
    }
    return status;
}
