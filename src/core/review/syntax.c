/* SPDX-License-Identifier: MIT */
/* syntax.c — one reader a member; the whole is kept, or it is an error. */
#include "core/review/syntax.h"

#include <string.h>

#include "base/text.h"
#include "wire/json/json.h"

#define HASH_SIZE 64

static bool is_name(const json_t *value)
{
    struct bytes name = json_bytes(value);
    return name.size > 0 && name.size <= SYNTAX_NAME_SIZE_MAX && !memchr(name.data, '\0', name.size);
}

static bool are_names(const json_t *value)
{
    size_t count = json_array_size(value);
    for (size_t i = 0; i < count && count <= SYNTAX_NAMES_MAX; i++)
        if (!is_name(json_array_get(value, i)))
            return false;
    return json_is_array(value) && count <= SYNTAX_NAMES_MAX;
}

static bool is_hash(const json_t *value)
{
    struct bytes text = json_bytes(value);
    for (size_t i = 0; i < text.size; i++)
        if (ascii_hex_value(text.data[i]) < 0 || ascii_lower(text.data[i]) != text.data[i])
            return false;
    return text.size == HASH_SIZE;
}

json_t *syntax_untold(const char *why)
{
    struct bytes text = bytes_utf8_prefix(bytes_of_cstr(why), SYNTAX_ERROR_SIZE_MAX);
    json_t *error = json_stringn((const char *)text.data, text.size);
    return json_pack("{s:o}", "error", error ? error : json_string("not told"));
}

enum status syntax_read(struct bytes printed, json_t **ret_syntax)
{
    json_t *told = NULL;
    bool is_json = json_parse(printed, NULL, &told, NULL) == STATUS_OK;
    const json_t *imports = json_object_get(told, "imports"), *calls = json_object_get(told, "calls");
    const json_t *tree = json_object_get(told, "treeSha256");
    const char *error = json_member_text(told, "error");
    if (error)
        *ret_syntax = syntax_untold(error);
    else if (is_json && are_names(imports) && are_names(calls) && is_hash(tree))
        *ret_syntax = json_pack("{s:O, s:O, s:O}", "imports", imports, "calls", calls, "treeSha256", tree);
    else
        *ret_syntax = syntax_untold("the session did not tell");
    json_decref(told);
    return *ret_syntax ? STATUS_OK : STATUS_NO_MEMORY;
}
