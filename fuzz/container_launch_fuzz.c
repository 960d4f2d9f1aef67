/* SPDX-License-Identifier: MIT */
/* Whatever is read of a block is held against the same rules when it is added, and no word of it can be an option of the
 * engine. */
#include "wire/container_launch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_again(struct buf *block, enum container_key key, const char *value)
{
    ASSERT(container_launch_add(block, key, bytes_of_cstr(value), NULL) == STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct container_launch launch;
    struct bytes block = bytes_of(data, MIN(size, CONTAINER_BLOCK_MAX));
    CLEANUP(buf_fini) struct buf renamed = {0};
    uint64_t memory;
    (void)container_memory_parse(block, &memory);
    container_rename_port(&renamed, block, 8080, 9);
    ASSERT(!container_names_port(buf_peek(&renamed), 8080));
    if (container_launch_read(block, &launch, NULL) != STATUS_OK)
        return 0;
    ASSERT(launch.image[0] != '-');
    CLEANUP(buf_fini) struct buf back = {0};
    add_again(&back, CONTAINER_IMAGE, launch.image);
    for (size_t i = 0; i < launch.command_count; i++)
        add_again(&back, CONTAINER_COMMAND, launch.command[i]);
    for (size_t i = 0; i < launch.argument_count; i++)
        add_again(&back, CONTAINER_ARGUMENT, launch.arguments[i]);
    for (size_t i = 0; i < launch.variable_count; i++) {
        ASSERT(launch.variables[i][0] != '-' && !strchr(launch.variables[i], '\n'));
        add_again(&back, CONTAINER_VARIABLE, launch.variables[i]);
    }
    return 0;
}
