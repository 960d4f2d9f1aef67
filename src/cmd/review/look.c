/* SPDX-License-Identifier: MIT */
/* look.c — ls reads page by page until its limit; show reads one request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "cmd/review/actions.h"
#include "cmd/review/view.h"
#include "wire/json/json.h"

#define PAGE_SIZE 200 /* asked for at once */

/* --- ls --- */

/* Settings that are filters of the API, by the same name. */
static const char *const filters[] = {"state", "submitter", "reviewer", "since", "until", "q", "rule"};

static void append_filter(struct buf *path, const char *name, const char *value)
{
    if (!value)
        return;
    buf_append_fmt(path, "&%s=", name);
    percent_encode(path, bytes_of_cstr(value), NULL);
}

static void write_list_path(const struct review_call *call, int64_t left, const char *after, struct buf *path)
{
    const char *label;
    buf_append_fmt(path, "/v1/requests?order=%s&limit=%d",
                   setting_flag(call->values, "oldest-first") ? "asc" : "desc", (int)MIN(left, PAGE_SIZE));
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++)
        append_filter(path, filters[i], setting_text(call->values, filters[i]));
    for (size_t i = 0; (label = setting_each(call->values, "label", i)) != NULL; i++) {
        CLEANUP(buf_fini) struct buf pair = {0}; /* KEY=VALUE is key:value in the API */
        buf_append_cstr(&pair, label);
        buf_append_byte(&pair, '\0');
        char *mark = pair.failed ? NULL : strchr((char *)pair.data, '=');
        if (mark)
            *mark = ':';
        append_filter(path, "label", pair.failed ? label : (const char *)pair.data);
    }
    append_filter(path, "after", after);
    buf_append_byte(path, '\0');
}

/* Appends the next page's requests to `list`; `*ret_after` (a copy, or NULL) is where the one behind it begins. */
static int read_page(const struct review_call *call, json_t *list, int64_t left, const char *after,
                     char **ret_after)
{
    CLEANUP(json_release) json_t *page = NULL;
    CLEANUP(buf_fini) struct buf path = {0};
    *ret_after = NULL;
    write_list_path(call, left, after, &path);
    if (buf_status(&path) != STATUS_OK)
        return review_no_memory(call);
    int code = review_get(call, (const char *)path.data, SERVER_PATIENCE_MS, &page);
    if (code != EXIT_GOOD)
        return code;
    if (json_array_extend(list, json_object_get(page, "requests")) != 0)
        return server_failed(call->command, EXIT_FAILED, "the server has no list of requests", NULL);
    const char *next = json_member_text(page, "next");
    *ret_after = next ? strdup(next) : NULL;
    return next && !*ret_after ? review_no_memory(call) : EXIT_GOOD;
}

static int print_list(const struct review_call *call, json_t *list, bool more)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct print_table table = {0};
    if (setting_flag(call->values, "json")) {
        CLEANUP(json_release) json_t *all = json_pack("{s:O, s:b}", "requests", list, "more", more);
        print_json_value(&out, all);
    } else {
        view_list_head(&table);
        for (size_t i = 0; i < json_array_size(list); i++)
            view_list_row(&table, json_array_get(list, i));
        print_table_write(&table, &out);
    }
    print_table_fini(&table);
    if (!print_out(&out))
        return EXIT_FAILED;
    if (more && !setting_flag(call->values, "json"))
        fputs("there are more: --limit, --state, --q show others\n", stderr);
    return EXIT_GOOD;
}

int review_ls(const struct review_call *call)
{
    CLEANUP(json_release) json_t *list = json_array();
    int64_t limit = setting_number(call->values, "limit");
    char *after = NULL;
    int code = list ? EXIT_GOOD : review_no_memory(call);
    do {
        char *next = NULL;
        if (code == EXIT_GOOD)
            code = read_page(call, list, limit - (int64_t)json_array_size(list), after, &next);
        free(after);
        after = next;
    } while (code == EXIT_GOOD && after && (int64_t)json_array_size(list) < limit);
    bool more = after != NULL;
    free(after);
    return code == EXIT_GOOD ? print_list(call, list, more) : code;
}

/* --- show --- */

int review_show(const struct review_call *call)
{
    CLEANUP(json_release) json_t *request = NULL;
    CLEANUP(buf_fini) struct buf out = {0};
    int code = review_get_typed(call, &request);
    if (code != EXIT_GOOD)
        return code;
    if (setting_flag(call->values, "json"))
        print_json_value(&out, request);
    else
        view_request(request, setting_flag(call->values, "why"), &out);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}
