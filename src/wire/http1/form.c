/* SPDX-License-Identifier: MIT */
/* form.c — one walk over the parameters. */
#include "wire/http1/form.h"

#include <string.h>

#include "wire/http1/uri.h"

/* NULL without memory; `*ret_sound` false if it is no text. */
static const char *decode(struct bytes raw, struct arena *arena, bool *ret_sound)
{
    struct bytes text = uri_decode(arena, raw.data ? raw : BYTES_LITERAL(""), true);
    if (!text.data)
        return NULL;
    *ret_sound = *ret_sound && uri_escapes_valid(raw) && bytes_utf8_valid(text) &&
                 !(text.size > 0 && memchr(text.data, '\0', text.size));
    return arena_cstr(arena, text);
}

static bool has(const struct form_fields *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->fields[i].name, name) == 0)
            return true;
    return false;
}

enum status form_read(struct bytes body, struct arena *arena, struct form_fields *ret_form, struct err *err)
{
    struct bytes name, value;
    *ret_form = (struct form_fields){.count = 0};
    while (uri_query_next(&body, &name, &value)) {
        bool sound = true;
        const char *key = decode(name, arena, &sound);
        const char *text = decode(value, arena, &sound);
        if (!key || !text)
            return err_no_memory(err);
        if (!sound)
            return err_set(err, STATUS_MALFORMED, "a field of the form is no text in percent-encoding");
        if (ret_form->count == FORM_FIELDS_MAX)
            return err_set(err, STATUS_MALFORMED, "the form has more than %d fields", FORM_FIELDS_MAX);
        if (has(ret_form, key))
            return err_set(err, STATUS_MALFORMED, "a field of the form is repeated");
        ret_form->fields[ret_form->count++] = (struct form_field){key, text};
    }
    return STATUS_OK;
}

const char *form_get(const struct form_fields *form, const char *name)
{
    for (size_t i = 0; i < form->count; i++)
        if (strcmp(form->fields[i].name, name) == 0)
            return form->fields[i].value[0] ? form->fields[i].value : NULL;
    return NULL;
}
