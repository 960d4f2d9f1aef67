/* SPDX-License-Identifier: MIT */
/* audit.c — audit ls and export: the log as a server hands it out, page by page. */
#include "cmd/cli/audit.h"

#include <stdio.h>

#include "cmd/cli/actions.h"
#include "cmd/cli/fetch.h"
#include "cmd/cli/print.h"
#include "store/audit/audit_log.h"
#include "wire/json/json.h"

/* --- the server --- */

static int fetch_page(struct cli_session *session, int64_t after, size_t limit, bool heads, struct buf *out)
{
    CLEANUP(buf_fini) struct buf path = {0};
    const char *object = setting_text(session->values, "object");
    buf_append_fmt(&path, "/v1/audit?after=%lld&limit=%zu&heads=%s", (long long)after, limit,
                   heads ? "true" : "false");
    if (object) {
        buf_append_cstr(&path, "&object=");
        fetch_append_segment(&path, object);
    }
    buf_append_byte(&path, '\0');
    return fetch_text(session, (const char *)path.data, AUDIT_ABSENT, out);
}

/* --- ls --- */

static json_t *parse_lines(struct bytes lines)
{
    json_t *entries = json_array();
    while (lines.size > 0) {
        json_t *entry = NULL;
        if (json_parse(bytes_split(&lines, '\n'), NULL, &entry, NULL) == STATUS_OK)
            json_array_append_new(entries, entry);
    }
    return entries;
}

static void entries_table(const json_t *entries, struct buf *out)
{
    static const char *const headings[] = {"ENTRY", "TIME", "ACTION", "ACTOR", "OBJECT"};
    struct print_table table = {0};
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        char seq[24];
        (void)snprintf(seq, sizeof seq, "%lld", (long long)json_integer_value(json_object_get(entry, "seq")));
        const char *cells[] = {seq, json_member_text(entry, "at"), json_member_text(entry, "action"),
                               json_member_text(json_object_get(entry, "actor"), "name"),
                               json_member_text(entry, "object")};
        print_table_row(&table, cells, ARRAY_SIZE(cells));
    }
    print_table_write(&table, out);
    print_table_fini(&table);
}

int cli_audit_ls(struct cli_session *session)
{
    CLEANUP(buf_fini) struct buf lines = {0};
    CLEANUP(buf_fini) struct buf out = {0};
    int64_t after = setting_number(session->values, "after");
    size_t limit = (size_t)MIN(setting_number(session->values, "limit"), (int64_t)AUDIT_PAGE_MAX);
    int code = fetch_page(session, after, limit, false, &lines);
    if (code != EXIT_GOOD)
        return code;
    CLEANUP(json_release) json_t *entries = parse_lines(buf_peek(&lines));
    if (cli_wants_json(session))
        print_json_value(&out, entries);
    else
        entries_table(entries, &out);
    return cli_print(session, &out);
}

/* --- walking a server's log --- */

/* The number of the last entry among `lines`; 0 if there is none. */
static int64_t last_of(struct bytes lines)
{
    struct bytes last = {0};
    while (lines.size > 0)
        last = bytes_split(&lines, '\n');
    CLEANUP(json_release) json_t *entry = NULL;
    if (!last.data || json_parse(last, NULL, &entry, NULL) != STATUS_OK)
        return 0;
    return json_integer_value(json_object_get(entry, "seq"));
}

int audit_walk_server(struct cli_session *session, int (*take)(void *context, struct bytes line),
                      void *context)
{
    int64_t after = 0;
    int code = EXIT_GOOD;
    for (;;) {
        CLEANUP(buf_fini) struct buf page = {0};
        code = fetch_page(session, after, AUDIT_PAGE_MAX, false, &page);
        struct bytes lines = buf_peek(&page);
        int64_t last = last_of(lines);
        while (code == EXIT_GOOD && lines.size > 0)
            code = take(context, bytes_split(&lines, '\n'));
        if (code != EXIT_GOOD || last <= after)
            break;
        after = last;
    }
    if (code != EXIT_GOOD || after == 0)
        return code;

    CLEANUP(buf_fini) struct buf end = {0};
    code = fetch_page(session, after - 1, 1, true, &end);
    struct bytes lines = buf_peek(&end);
    (void)bytes_split(&lines, '\n');
    return code == EXIT_GOOD ? take(context, bytes_split(&lines, '\n')) : code;
}

static int print_line(void *context, struct bytes line)
{
    bool whole = fwrite(line.data, 1, line.size, stdout) == line.size && fputc('\n', stdout) != EOF;
    return whole ? EXIT_GOOD : EXIT_FAILED;
}

int cli_audit_export(struct cli_session *session)
{
    int code = audit_walk_server(session, print_line, NULL);
    if (fflush(stdout) != 0) {
        perror("sallyport: standard output");
        return EXIT_FAILED;
    }
    return code;
}
