/* SPDX-License-Identifier: MIT */
/* directory_filter_fuzz.c — any text as a $filter. */
#include "svc/directory/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    struct filter filter;
    struct err err = {0};
    arena_init(&arena, 0);
    if (filter_read(bytes_of(data, size), &arena, &filter, &err) != STATUS_OK)
        return 0;
    ASSERT(filter.count <= FILTER_TERMS_MAX);
    for (size_t i = 0; i < filter.count; i++)
        ASSERT(filter.terms[i].field.size > 0 && filter.terms[i].value.data);
    return 0;
}
