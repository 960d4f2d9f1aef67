/* SPDX-License-Identifier: MIT */
/* instance_read.c — instance ls, show, history. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/cli/actions.h"
#include "cmd/cli/fetch.h"
#include "cmd/cli/instance_json.h"
#include "cmd/cli/listing.h"
#include "cmd/cli/print.h"
#include "cmd/cli/waits.h"
#include "os/clock.h"
#include "wire/json/json.h"
#include "wire/pb/orchestrator_service.pb.h"

#define WHAT_SIZE_MAX 512 /* bytes of a cell with its NUL */

static int print_json(const struct cli_session *session, struct json_writer *json)
{
    if (json_write_status(json) != STATUS_OK)
        json->out->failed = true;
    buf_append_byte(json->out, '\n');
    return cli_print(session, json->out);
}

/* --- ls --- */

/* "running,failed" to bits; false: a name is none. */
static bool read_statuses(const char *text, unsigned *ret_bits)
{
    struct bytes rest = bytes_of_cstr(text);
    *ret_bits = 0;
    while (rest.data) {
        struct bytes name = bytes_trim(bytes_split(&rest, ','));
        bool found = false;
        for (unsigned status = 0; status < pb_orchestration_status_enum.count; status++) {
            struct bytes own = bytes_of_cstr(dt_instance_status_name((enum dt_instance_status)status));
            if (!bytes_equal_nocase(name, own))
                continue;
            *ret_bits |= DT_STATUS_BIT(status);
            found = true;
        }
        if (!found)
            return false;
    }
    return true;
}

static void list_instance(struct cli_listing *list, const struct dt_instance *instance)
{
    char created[PRINT_TIME_SIZE], updated[PRINT_TIME_SIZE];
    if (cli_wants_json(list->session)) {
        instance_json(&list->json, instance, NULL);
        return;
    }
    const char *const cells[] = {dt_instance_id(instance),
                                 dt_instance_name(instance),
                                 dt_instance_version(instance),
                                 dt_instance_status_name(dt_instance_status(instance)),
                                 print_time(dt_instance_created_ns(instance), created),
                                 print_time(dt_instance_updated_ns(instance), updated)};
    print_table_row(&list->table, cells, ARRAY_SIZE(cells));
}

static enum dt_status list_page(struct cli_listing *list, const char *token, int32_t size, char **ret_token,
                                struct dt_error *error)
{
    struct dt_query query = *(const struct dt_query *)list->query;
    struct dt_page *page = NULL;
    query.page_token = token;
    query.page_size = size;
    enum dt_status status = dt_client_query(list->session->client, &query, &page, error);
    if (status != DT_OK)
        return status;
    for (size_t i = 0; i < dt_page_count(page) && list->left > 0; i++, list->left--)
        list_instance(list, dt_page_instance(page, i));
    *ret_token = dt_page_token(page) ? strdup(dt_page_token(page)) : NULL;
    dt_page_destroy(page);
    return DT_OK;
}

int cli_instance_ls(struct cli_session *session)
{
    static const char *const headings[] = {"ID", "NAME", "VERSION", "STATUS", "CREATED", "UPDATED"};
    struct dt_query query = DT_INIT(struct dt_query);
    struct cli_listing list = {.session = session,
                               .name = "orchestrations",
                               .headings = headings,
                               .heading_count = ARRAY_SIZE(headings),
                               .more_by = "--limit N, --status, --prefix, --since",
                               .query = &query,
                               .list_page = list_page};
    const char *statuses = setting_text(session->values, "status");
    if (statuses && !read_statuses(statuses, &query.statuses))
        return cli_session_usage(session,
                                 "--status: names are pending, running, suspended, completed, failed, "
                                 "terminated, cancelled");
    if (!cli_time(session, "since", &query.created_from_ns) ||
        !cli_time(session, "before", &query.created_to_ns))
        return EXIT_USAGE;
    query.id_prefix = setting_text(session->values, "prefix");
    return listing_run(&list);
}

/* --- show --- */

static struct dt_event *read_events(const struct dt_history *history, size_t *ret_count)
{
    *ret_count = history ? dt_history_count(history) : 0;
    struct dt_event *events = calloc(*ret_count + 1, sizeof *events);
    for (size_t i = 0; events && i < *ret_count; i++) {
        events[i] = (struct dt_event)DT_INIT(struct dt_event);
        dt_history_event(history, i, &events[i]);
    }
    return events;
}

/* What the scheduler itself says, which knows its workers; false: it is another one, or does not say. */
static bool ask_standing(const struct cli_session *session, const char *id, struct buf *out)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *answer = NULL;
    struct err err = {0};
    long status = 0;
    buf_append_cstr(&path, "/v1/taskhubs/orchestrations/");
    fetch_append_segment(&path, id);
    buf_append_byte(&path, '\0');
    if (path.failed || fetch_json(session, (const char *)path.data, &status, &answer, &err) != STATUS_OK)
        return false;
    const char *text = json_member_text(answer, "standing");
    if (status != 200 || !text)
        return false;
    buf_append_cstr(out, text);
    return true;
}

static void find_standing(const struct cli_session *session, const struct dt_instance *instance,
                          struct buf *out)
{
    struct dt_history *history = NULL;
    struct dt_error error;
    const char *id = dt_instance_id(instance);
    if (dt_instance_status_final(dt_instance_status(instance)) || ask_standing(session, id, out))
        return;
    if (dt_client_history(session->client, id, &history, &error) != DT_OK)
        return; /* the instance is shown without it */
    struct waits_facts facts = {.id = id,
                                .name = dt_instance_name(instance),
                                .status = dt_instance_status(instance),
                                .created_ns = dt_instance_created_ns(instance),
                                .scheduled_ns = dt_instance_scheduled_start_ns(instance),
                                .now_ns = clock_unix_ns()};
    struct dt_event *events = read_events(history, &facts.event_count);
    facts.events = events;
    if (events)
        waits_write(&facts, out);
    free(events);
    dt_history_destroy(history);
}

static void show_tags(struct buf *out, const struct dt_instance *instance)
{
    CLEANUP(buf_fini) struct buf text = {0};
    size_t count = 0;
    const struct dt_tag *tags = dt_instance_tags(instance, &count);
    for (size_t i = 0; i < count; i++)
        buf_append_fmt(&text, "%s%s=%s", i ? ", " : "", tags[i].key, tags[i].value);
    buf_append_byte(&text, '\0');
    if (count && !text.failed)
        print_pair(out, "tags", (const char *)text.data);
}

static void show_failure(struct buf *out, const struct dt_failure *failure)
{
    CLEANUP(buf_fini) struct buf text = {0};
    if (!failure)
        return;
    buf_append_fmt(&text, "%s: %s", text_or(failure->type, "Error"), text_or(failure->message, ""));
    buf_append_byte(&text, '\0');
    if (!text.failed)
        print_pair(out, "failure", (const char *)text.data);
}

static void show_time(struct buf *out, const char *name, int64_t unix_ns)
{
    char text[PRINT_TIME_SIZE];
    if (unix_ns)
        print_pair(out, name, print_time(unix_ns, text));
}

static void show(struct buf *out, const struct dt_instance *instance, const char *standing)
{
    print_pair(out, "id", dt_instance_id(instance));
    print_pair(out, "name", dt_instance_name(instance));
    print_pair(out, "version", dt_instance_version(instance));
    print_pair(out, "status", dt_instance_status_name(dt_instance_status(instance)));
    print_pair(out, "standing", standing);
    show_time(out, "created", dt_instance_created_ns(instance));
    show_time(out, "updated", dt_instance_updated_ns(instance));
    show_time(out, "starts", dt_instance_scheduled_start_ns(instance));
    show_time(out, "completed", dt_instance_completed_ns(instance));
    print_pair(out, "execution", dt_instance_execution_id(instance));
    print_pair(out, "parent", dt_instance_parent_id(instance));
    show_tags(out, instance);
    print_pair(out, "input", dt_instance_input(instance));
    print_pair(out, "output", dt_instance_output(instance));
    print_pair(out, "custom status", dt_instance_custom_status(instance));
    show_failure(out, dt_instance_failure(instance));
}

int cli_instance_show(struct cli_session *session)
{
    CLEANUP(buf_fini) struct buf out = {0};
    CLEANUP(buf_fini) struct buf standing = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    struct dt_instance *instance = NULL;
    struct dt_error error;
    const char *id = session->values->positionals[0];
    if (dt_client_get(session->client, id, true, &instance, &error) != DT_OK)
        return cli_session_failed(session, &error, id);
    find_standing(session, instance, &standing);
    buf_append_byte(&standing, '\0');
    const char *line = !standing.failed && standing.size > 1 ? (const char *)standing.data : NULL;
    int code;
    if (cli_wants_json(session)) {
        instance_json(&json, instance, line);
        code = print_json(session, &json);
    } else {
        show(&out, instance, line);
        code = cli_print(session, &out);
    }
    dt_instance_destroy(instance);
    return code;
}

/* --- history --- */

/* What passes between an orchestration and entities: "add of @counter@1"; of an answer, what it answers; of locks, the
 * section. False: the event is none of these. */
static bool write_exchange(const struct dt_event *events, size_t at, char text[WHAT_SIZE_MAX])
{
    const struct dt_event *event = &events[at];
    if (!event->request_id)
        return false;
    for (size_t i = 0; i < at && !event->name; i++)
        if (events[i].name && events[i].request_id &&
            strcmp(events[i].request_id, events[at].request_id) == 0)
            event = &events[i];
    if (event->name)
        (void)snprintf(text, WHAT_SIZE_MAX, "%s of %s", event->name, text_or(event->instance_id, "?"));
    else
        (void)snprintf(text, WHAT_SIZE_MAX, "section %s%s%s", event->request_id,
                       event->instance_id ? ": " : "", text_or(event->instance_id, ""));
    return true;
}

static void history_row(struct print_table *table, const struct dt_event *events, size_t at)
{
    const struct dt_event *event = &events[at];
    char time[PRINT_TIME_SIZE], id[16] = "", fire[PRINT_TIME_SIZE], exchange[WHAT_SIZE_MAX];
    bool answer = event->task_id != 0;
    int32_t number = answer ? event->task_id : event->id;
    if (answer || number >= 0)
        (void)snprintf(id, sizeof id, "%d", number);
    const char *what = event->name ? event->name : event->instance_id;
    if (event->fire_at_ns && !what)
        what = print_time(event->fire_at_ns, fire);
    if (write_exchange(events, at, exchange))
        what = exchange;
    const char *data = event->failure ? event->failure->message : event->data;
    const char *const cells[] = {print_time(event->time_ns, time), dt_event_kind_name(event->kind), id, what,
                                 data};
    print_table_row(table, cells, ARRAY_SIZE(cells));
}

static void history_json(struct json_writer *json, const struct dt_event *event)
{
    json_write_begin_object(json);
    json_write_member_int(json, "eventId", event->id);
    json_write_member_cstr(json, "eventType", dt_event_kind_name(event->kind));
    print_json_time(json, "timestamp", event->time_ns);
    if (event->task_id)
        json_write_member_int(json, "taskId", event->task_id);
    print_json_text(json, "name", event->name);
    print_json_text(json, "version", event->version);
    print_json_text(json, "instanceId", event->instance_id);
    print_json_text(json, "requestId", event->request_id);
    print_json_time(json, "fireAt", event->fire_at_ns);
    print_json_text(json, "data", event->data);
    instance_json_failure(json, event->failure);
    json_write_end_object(json);
}

static int print_history(const struct cli_session *session, const struct dt_event *events, size_t count)
{
    static const char *const headings[] = {"TIME", "EVENT", "ID", "WHAT", "DATA"};
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    if (cli_wants_json(session)) {
        json_write_begin_array(&json);
        for (size_t i = 0; i < count; i++)
            history_json(&json, &events[i]);
        json_write_end_array(&json);
        return print_json(session, &json);
    }
    struct print_table table = {0};
    print_table_row(&table, headings, ARRAY_SIZE(headings));
    for (size_t i = 0; i < count; i++)
        if (events[i].kind != DT_EVENT_ORCHESTRATOR_STARTED)
            history_row(&table, events, i);
    print_table_write(&table, &out);
    print_table_fini(&table);
    return cli_print(session, &out);
}

int cli_instance_history(struct cli_session *session)
{
    const char *id = session->values->positionals[0];
    struct dt_history *history = NULL;
    struct dt_error error;
    /* An unknown id has an empty history, which must not look like one that nobody has taken yet. */
    if (dt_client_get(session->client, id, false, NULL, &error) != DT_OK ||
        dt_client_history(session->client, id, &history, &error) != DT_OK)
        return cli_session_failed(session, &error, id);
    size_t count = 0;
    struct dt_event *events = read_events(history, &count);
    int code = events ? print_history(session, events, count) : EXIT_FAILED;
    free(events);
    dt_history_destroy(history);
    return code;
}
