/* SPDX-License-Identifier: MIT */
/* form_fuzz.c — any body as a form: each name once, each text whole. */
#include "wire/http1/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_fini) struct arena arena = {0};
    struct form_fields form;
    struct err err = {0};
    arena_init(&arena, 0);
    if (form_read(bytes_of(data, size), &arena, &form, &err) != STATUS_OK)
        return 0;
    ASSERT(form.count <= FORM_FIELDS_MAX);
    for (size_t i = 0; i < form.count; i++) {
        const char *value = form_get(&form, form.fields[i].name);
        ASSERT(!value || value == form.fields[i].value);
        ASSERT(bytes_utf8_valid(bytes_of_cstr(form.fields[i].value)));
    }
    return 0;
}
