/* SPDX-License-Identifier: MIT */
/* hub.c — hub create, delete, ls. */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/cli/actions.h"
#include "cmd/cli/fetch.h"
#include "cmd/cli/print.h"
#include "wire/json/json.h"

/* {"name": "…"} for programs. */
static int print_done(const struct cli_session *session, const char *name)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    if (!cli_wants_json(session))
        return EXIT_GOOD;
    json_write_begin_object(&json);
    json_write_member_cstr(&json, "name", name);
    json_write_end_object(&json);
    buf_append_byte(&out, '\n');
    return cli_print(session, &out);
}

int cli_hub_create(struct cli_session *session)
{
    struct dt_error error;
    const char *name = session->values->positionals[0];
    bool recreate = setting_flag(session->values, "recreate");
    if (dt_client_create_hub(session->client, recreate, &error) != DT_OK)
        return cli_session_failed(session, &error, name);
    return print_done(session, name);
}

int cli_hub_delete(struct cli_session *session)
{
    struct dt_error error;
    const char *name = session->values->positionals[0];
    if (!setting_flag(session->values, "yes"))
        return cli_session_usage(session, "this deletes the task hub and all that is in it: say --yes");
    if (dt_client_delete_hub(session->client, &error) != DT_OK)
        return cli_session_failed(session, &error, name);
    return print_done(session, name);
}

/* --- ls --- */

/* Since the server's start, but for the last two, which are of now. */
static const char *const counters[] = {"startedCount",    "completedCount", "failedCount",
                                       "terminatedCount", "waitingCount",   "activeCount"};

static void hub_row(struct print_table *table, const json_t *hub)
{
    char numbers[ARRAY_SIZE(counters)][24];
    const char *cells[1 + ARRAY_SIZE(counters)] = {json_member_text(hub, "name")};
    for (size_t i = 0; i < ARRAY_SIZE(counters); i++) {
        const json_t *number = json_object_get(hub, counters[i]);
        (void)snprintf(numbers[i], sizeof numbers[i], "%lld", (long long)json_integer_value(number));
        cells[i + 1] = json_is_integer(number) ? numbers[i] : NULL;
    }
    print_table_row(table, cells, ARRAY_SIZE(cells));
}

static void hub_table(const json_t *hubs, struct buf *out)
{
    static const char *const headings[] = {"NAME",       "STARTED", "COMPLETED", "FAILED",
                                           "TERMINATED", "WAITING", "ACTIVE"};
    struct print_table table = {0};
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < json_array_size(hubs); i++)
        hub_row(&table, json_array_get(hubs, i));
    print_table_write(&table, out);
    print_table_fini(&table);
}

int cli_hub_ls(struct cli_session *session)
{
    static const char absent[] = "the endpoint lists no task hubs";
    CLEANUP(json_release) json_t *answer = NULL;
    CLEANUP(buf_fini) struct buf body = {0}, out = {0};
    int code = fetch_text(session, "/v1/hubs", absent, &body);
    if (code != EXIT_GOOD)
        return code;
    (void)!json_parse(buf_peek(&body), NULL, &answer, NULL);
    const json_t *hubs = json_object_get(answer, "hubs");
    if (!json_is_array(hubs)) {
        struct dt_error error = {.status = DT_UNIMPLEMENTED};
        (void)snprintf(error.text, sizeof error.text, "%s", absent);
        return cli_session_failed(session, &error, NULL);
    }
    if (cli_wants_json(session))
        print_json_value(&out, answer);
    else
        hub_table(hubs, &out);
    return cli_print(session, &out);
}
