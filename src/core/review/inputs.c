/* SPDX-License-Identifier: MIT */
/* inputs.c — a few dozen files at most: each list is walked for each file of the other. */
#include "core/review/inputs.h"

#include "wire/json/json.h"

#include <string.h>

static const json_t *find(const json_t *files, const char *member, const char *value)
{
    for (size_t i = 0; value && i < json_array_size(files); i++) {
        const char *text = json_member_text(json_array_get(files, i), member);
        if (text && strcmp(text, value) == 0)
            return json_array_get(files, i);
    }
    return NULL;
}

const json_t *review_input_at(const json_t *files, const char *path)
{
    return find(files, "path", path);
}

const json_t *review_input_named(const json_t *request, const char *sha256)
{
    const json_t *revisions = json_object_get(request, "revisions"), *found = NULL;
    for (size_t i = 0; !found && i < json_array_size(revisions); i++)
        found = find(json_object_get(json_array_get(revisions, i), "files"), "sha256", sha256);
    return found;
}

const json_t *review_revision_of(const json_t *request, json_int_t number)
{
    const json_t *revisions = json_object_get(request, "revisions");
    for (size_t i = 0; i < json_array_size(revisions); i++)
        if (json_integer_value(json_object_get(json_array_get(revisions, i), "number")) == number)
            return json_array_get(revisions, i);
    return NULL;
}

/* Puts `file` of after where it belongs. */
static int place(const json_t *before, json_t *file, json_t *added, json_t *changed, json_int_t *same)
{
    const char *path = json_member_text(file, "path"), *sha256 = json_member_text(file, "sha256");
    const json_t *old = review_input_at(before, path);
    const char *old_sha256 = json_member_text(old, "sha256");
    if (!old)
        return json_array_append(added, file);
    if (sha256 && old_sha256 && strcmp(sha256, old_sha256) == 0) {
        ++*same;
        return 0;
    }
    return json_array_append_new(changed,
                                 json_pack("{s:s, s:O, s:O}", "path", path, "from", old, "to", file));
}

json_t *review_inputs_difference(const json_t *before, const json_t *after)
{
    json_t *added = json_array(), *removed = json_array(), *changed = json_array();
    json_int_t same = 0;
    int fault = added && removed && changed ? 0 : -1;
    for (size_t i = 0; fault == 0 && i < json_array_size(after); i++)
        fault = place(before, json_array_get(after, i), added, changed, &same);
    for (size_t i = 0; fault == 0 && i < json_array_size(before); i++) {
        json_t *file = json_array_get(before, i);
        if (!review_input_at(after, json_member_text(file, "path")))
            fault = json_array_append(removed, file);
    }
    if (fault == 0) /* takes the three */
        return json_pack("{s:o, s:o, s:o, s:I}", "added", added, "removed", removed, "changed", changed,
                         "same", same);
    json_decref(added);
    json_decref(removed);
    json_decref(changed);
    return NULL;
}
