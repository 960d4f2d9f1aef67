/* SPDX-License-Identifier: MIT */
/* confirm_run.c — what a run did: facts, then error, streams, value and pictures; then what it was given: code and files. */
#include "svc/confirm/confirm_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "svc/confirm/confirm_html.h"
#include "svc/confirm/limit_values.h"
#include "wire/json/json.h"

/* --- what it did --- */

static const json_t *present_run(const json_t *request)
{
    const json_t *runs = json_object_get(request, "runs"), *number = json_object_get(request, "run");
    for (size_t i = 0; i < json_array_size(runs); i++)
        if (json_equal(json_object_get(json_array_get(runs, i), "number"), number))
            return json_array_get(runs, i);
    return NULL;
}

/* What was not measured is not zero. */
static void append_fact(struct buf *out, const char *name, const json_t *number, long long unit,
                        const char *unit_word)
{
    buf_append_fmt(out, "<div><dt>%s</dt><dd>", name);
    if (json_is_integer(number))
        buf_append_fmt(out, "%lld %s", (long long)json_integer_value(number) / unit, unit_word);
    else
        buf_append_cstr(out, "not reported");
    buf_append_cstr(out, "</dd></div>\n");
}

void confirm_run_facts(struct buf *out, const json_t *request)
{
    const json_t *run = present_run(request);
    if (!run)
        return;
    const json_t *effects = json_object_get(run, "effects");
    const json_t *network = json_object_get(effects, "network");
    const json_t *refused = json_object_get(effects, "refused");
    const json_t *files = json_object_get(effects, "files");
    buf_append_cstr(out, "<dl class=\"card facts\">\n");
    append_fact(out, "Network", json_object_get(network, "attempts"), 1, "tried");
    append_fact(out, "Refused calls", json_object_get(refused, "count"), 1, "");
    append_fact(out, "Files", json_object_get(files, "count"), 1, "changed");
    append_fact(out, "Memory", json_object_get(effects, "memoryPeakBytes"), 1 << 20, "MiB");
    append_fact(out, "Time", json_object_get(effects, "wallMicroseconds"), 1000, "ms");
    buf_append_cstr(out, "</dl>\n");
}

static bool is_base64(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!ascii_alnum(text.data[i]) && !strchr("+/=", text.data[i]))
            return false;
    return text.size > 0;
}

/* Only pictures that are nothing else: no SVG, which may hold more. */
static void append_picture(struct buf *out, const char *type, struct bytes base64, size_t *left)
{
    static const char *const types[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        if (strcmp(types[i], type) != 0 || !is_base64(base64))
            continue;
        if (base64.size > *left) {
            confirm_html_note(out,
                              "A picture is too large for this page: open the request before you decide.");
            return;
        }
        *left -= base64.size;
        buf_append_fmt(out, "<p><img alt=\"a picture that the code made\" src=\"data:%s;base64,", type);
        buf_append_bytes(out, base64);
        buf_append_cstr(out, "\"></p>\n");
    }
}

static void append_value(struct buf *out, const json_t *value, size_t *left)
{
    if (json_is_string(value) && json_string_length(value) > 0) {
        confirm_html_pre(out, json_bytes(value), "Result");
    } else if (json_is_object(value) && strcmp(confirm_html_member(value, "type"), "image") == 0) {
        char type[64];
        (void)snprintf(type, sizeof type, "image/%.40s", confirm_html_member(value, "format"));
        append_picture(out, type, json_member_bytes(value, "base64_data"), left);
    } else if (value && !json_is_null(value) && !json_is_string(value)) {
        char *text = json_dumps(value, JSON_INDENT(1) | JSON_ENCODE_ANY);
        confirm_html_pre(out, bytes_of_cstr(text_or(text, "")), "Result");
        free(text);
    }
}

static void append_outputs(struct buf *out, const json_t *outputs, size_t *left)
{
    for (size_t i = 0; i < json_array_size(outputs); i++) {
        const char *type;
        json_t *form, *forms = json_array_get(outputs, i);
        json_object_foreach(forms, type, form)
        {
            if (json_is_string(form) && strcmp(type, "text/plain") == 0)
                confirm_html_pre(out, json_bytes(form), "Output");
            else if (json_is_string(form))
                append_picture(out, type, json_bytes(form), left);
        }
    }
}

static void append_stream(struct buf *out, const json_t *result, const char *name, const char *label)
{
    struct bytes text = json_member_bytes(result, name);
    if (text.size == 0)
        return;
    buf_append_fmt(out, "<h2>%s</h2>\n", label);
    confirm_html_pre(out, text, label);
}

static void append_error(struct buf *out, const json_t *error)
{
    static const char *const members[] = {"traceback", "message", "value", "hint"};
    if (!json_is_object(error))
        return;
    buf_append_cstr(out, "<section class=\"card\"><h2>It failed</h2>\n<p>");
    confirm_html_line(out, json_object_get(error, "name"));
    confirm_html_line(out, json_object_get(error, "type"));
    buf_append_cstr(out, "</p>\n");
    for (size_t i = 0; i < ARRAY_SIZE(members); i++)
        if (json_member_bytes(error, members[i]).size > 0)
            confirm_html_pre(out, json_member_bytes(error, members[i]), members[i]);
    buf_append_cstr(out, "</section>\n");
}

void confirm_run_result(struct buf *out, const json_t *request)
{
    const json_t *result = json_object_get(request, "result");
    size_t left = CONFIRM_PICTURES_SIZE_MAX;
    append_error(out, json_object_get(request, "error"));
    if (!json_is_object(result))
        return;
    append_error(out, json_object_get(result, "error"));
    buf_append_cstr(out, "<section class=\"card\">\n");
    bool silent = json_member_bytes(result, "stdout").size + json_member_bytes(result, "stderr").size == 0;
    if (silent)
        buf_append_cstr(out, "<h2>Output</h2>\n<p class=\"d\">It printed nothing.</p>\n");
    append_stream(out, result, "stdout", "Output");
    append_stream(out, result, "stderr", "Errors");
    append_value(out, json_object_get(result, "result"), &left);
    append_outputs(out, json_object_get(result, "outputs"), &left);
    buf_append_cstr(out, "</section>\n");
}

/* --- what it is --- */

void confirm_run_code(struct buf *out, const json_t *request)
{
    struct bytes code = json_member_bytes(request, "code");
    if (!code.data)
        return;
    size_t lines = 1;
    for (size_t i = 0; i + 1 < code.size; i++)
        lines += code.data[i] == '\n';
    bool unrun = strcmp(confirm_html_member(request, "stage"), "before") == 0;
    buf_append_fmt(out, "<details class=\"card\"%s><summary>Code, %zu line%s</summary>\n",
                   unrun ? " open" : "", lines, lines == 1 ? "" : "s");
    confirm_html_pre(out, code, "Code");
    buf_append_cstr(out, "</details>\n");
}

/* Paths are names that a stranger chose, too. */
void confirm_run_files(struct buf *out, const json_t *files, const char *title)
{
    size_t count = json_array_size(files);
    if (count == 0)
        return;
    buf_append_fmt(out, "<details class=\"card\"><summary>%s, %zu</summary>\n<ul>\n", title, count);
    for (size_t i = 0; i < MIN(count, (size_t)CONFIRM_FILES_MAX); i++) {
        const json_t *file = json_array_get(files, i), *size = json_object_get(file, "size");
        buf_append_cstr(out, "<li>");
        confirm_html_line(out, json_object_get(file, "path"));
        if (json_is_integer(size))
            buf_append_fmt(out, ", %lld bytes", (long long)json_integer_value(size));
        buf_append_cstr(out, "</li>\n");
    }
    buf_append_cstr(out, "</ul>\n");
    if (count > CONFIRM_FILES_MAX)
        buf_append_fmt(out, "<p>%zu more are not shown here: open the request before you decide.</p>\n",
                       count - CONFIRM_FILES_MAX);
    buf_append_cstr(out, "</details>\n");
}

const json_t *confirm_run_inputs(const json_t *request)
{
    const json_t *revisions = json_object_get(request, "revisions"),
                 *number = json_object_get(request, "revision");
    for (size_t i = 0; i < json_array_size(revisions); i++)
        if (json_equal(json_object_get(json_array_get(revisions, i), "number"), number))
            return json_object_get(json_array_get(revisions, i), "files");
    return NULL;
}
