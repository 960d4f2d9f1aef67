/* SPDX-License-Identifier: MIT */
/* Whatever is read of a block is there again when it is put together anew, and has only names of the table. */
#include "wire/launch_environment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *variables[LAUNCH_VARIABLES_MAX + 1];
    CLEANUP(buf_fini) struct buf back = {0};
    struct bytes block = bytes_of(data, MIN(size, LAUNCH_BLOCK_MAX));
    if (launch_environment_read(block, variables, NULL) != STATUS_OK)
        return 0;
    for (size_t i = 0; variables[i]; i++) {
        struct bytes rest = bytes_of_cstr(variables[i]);
        size_t equals = bytes_find(rest, BYTES_LITERAL("="));
        struct bytes value = bytes_slice(rest, equals + 1, rest.size);
        ASSERT(launch_environment_add(&back, bytes_slice(rest, 0, equals), value, NULL) == STATUS_OK);
    }
    ASSERT(bytes_equal(buf_peek(&back), block));
    return 0;
}
