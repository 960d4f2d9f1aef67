/* SPDX-License-Identifier: MIT */
/* odata_filter_fuzz.c — any text as a $filter. */
#include "wire/odata_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    struct odata_filter filter;
    struct err err = {0};
    arena_init(&arena, 0);
    if (odata_filter_read(bytes_of(data, size), &arena, &filter, &err) != STATUS_OK)
        return 0;
    ASSERT(filter.count <= ODATA_TERMS_MAX);
    for (size_t i = 0; i < filter.count; i++)
        ASSERT(filter.terms[i].name.size > 0 &&
               (filter.terms[i].text.data || filter.terms[i].kind == ODATA_CALL));
    return 0;
}
