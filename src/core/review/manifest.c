/* SPDX-License-Identifier: MIT */
/* manifest.c — a JSON value of the facts, in the one text that it has. */
#include "core/review/manifest.h"

#include <stdlib.h>

#include "wire/json/canonical.h"

static json_t *blob_json(const struct manifest_blob *blob)
{
    return json_pack("{s:s*, s:s, s:I}", "path", blob->path, "sha256", blob->sha256, "bytes",
                     (json_int_t)blob->size);
}

static int compare_paths(const void *one, const void *other)
{
    const struct manifest_blob *const *a = one, *const *b = other;
    return strcmp((*a)->path, (*b)->path);
}

/* By path, so that the order in which they came makes no other manifest. NULL: no memory, or two have one path. */
static json_t *blobs_json(const struct manifest_blob *blobs, size_t count, bool *ret_twice)
{
    const struct manifest_blob **sorted = calloc(count + 1, sizeof *sorted);
    json_t *array = json_array();
    for (size_t i = 0; sorted && i < count; i++)
        sorted[i] = &blobs[i];
    if (sorted && count > 1)
        qsort(sorted, count, sizeof(struct manifest_blob *), compare_paths);

    bool whole = sorted && array;
    for (size_t i = 0; whole && i < count; i++) {
        *ret_twice = *ret_twice || (i > 0 && strcmp(sorted[i]->path, sorted[i - 1]->path) == 0);
        whole = json_array_append_new(array, blob_json(sorted[i])) == 0;
    }
    free(sorted);
    if (whole && !*ret_twice)
        return array;
    json_decref(array);
    return NULL;
}

static bool add(json_t *root, const char *name, json_t *value)
{
    return json_object_set_new(root, name, value) == 0;
}

/* What came of a run. */
static bool add_run(json_t *root, const struct manifest_facts *facts)
{
    bool whole = add(root, "run", json_integer((json_int_t)facts->run)) &&
                 add(root, "result", blob_json(&facts->result));
    if (whole && facts->files.sha256)
        whole = add(root, "files", blob_json(&facts->files));
    if (whole && facts->template_id)
        whole = add(root, "template", json_string(facts->template_id));
    if (whole && facts->effects.sha256)
        whole = add(root, "effects", blob_json(&facts->effects));
    return whole;
}

enum status manifest_write(const struct manifest_facts *facts, struct buf *out, struct err *err)
{
    bool twice = false;
    json_t *root = json_pack(
        "{s:s, s:s, s:I, s:s, s:s, s:s, s:s*, s:s*, s:o, s:o}", "format", MANIFEST_FORMAT, "request",
        facts->request, "revision", (json_int_t)facts->revision, "language", facts->language, "gate",
        facts->gate, "stage", facts->stage, "session", facts->session, "policy", facts->policy_version,
        "code", blob_json(&facts->code), "inputs", blobs_json(facts->inputs, facts->input_count, &twice));
    bool whole = root && (facts->run == 0 || add_run(root, facts));
    if (whole && facts->then)
        whole = json_object_set(root, "then", facts->then) == 0;
    enum status status = STATUS_OK;
    if (twice)
        status = err_set(err, STATUS_INVALID_ARGUMENT, "two files have one path");
    else if (!whole)
        status = err_set(err, STATUS_INVALID_ARGUMENT, "a text is not UTF-8, or there is no memory");
    else
        status = canonical_append(out, root, err);
    json_decref(root);
    return status;
}

static void name_member(struct buf *out, const char *name)
{
    if (out->size > 0)
        buf_append_cstr(out, ", ");
    buf_append_cstr(out, name);
}

void manifest_difference(struct bytes one, struct bytes other, struct buf *out)
{
    json_t *a = NULL, *b = NULL, *value;
    const char *name;
    struct err ignored = {0};
    bool both = json_parse(one, NULL, &a, &ignored) == STATUS_OK &&
                json_parse(other, NULL, &b, &ignored) == STATUS_OK && json_is_object(a) && json_is_object(b);
    if (!both)
        name_member(out, "everything");
    json_object_foreach(both ? a : NULL, name, value)
    {
        if (!json_equal(value, json_object_get(b, name)))
            name_member(out, name);
    }
    json_object_foreach(both ? b : NULL, name, value)
    {
        if (!json_object_get(a, name))
            name_member(out, name);
    }
    json_decref(a);
    json_decref(b);
}
