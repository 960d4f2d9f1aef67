/* SPDX-License-Identifier: MIT */
/* entity.c — entity ls, show, signal. An entity is named as the service names it: "@name@key". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/cli/actions.h"
#include "cmd/cli/listing.h"
#include "cmd/cli/print.h"

#define ID_SIZE_MAX 512 /* bytes of an id with its NUL */

/* "@name@key", or "name@key"; cut in `text`. False: it is neither. */
static bool read_id(const char *typed, char text[ID_SIZE_MAX], struct dt_entity_id *ret_id)
{
    if (snprintf(text, ID_SIZE_MAX, "%s", typed + (typed[0] == '@')) >= ID_SIZE_MAX)
        return false;
    char *mark = strchr(text, '@');
    if (!mark || mark == text)
        return false;
    *mark = '\0';
    *ret_id = dt_entity_named(text, mark + 1);
    return true;
}

static int refuse_id(const struct cli_session *session)
{
    return cli_session_usage(session, "an entity is named @NAME@KEY");
}

static void write_id(const struct dt_entity *entity, char ret_id[ID_SIZE_MAX])
{
    struct dt_entity_id id = dt_entity_id_of(entity);
    (void)snprintf(ret_id, ID_SIZE_MAX, "@%s@%s", id.name, id.key);
}

/* The names of the HTTP API. */
static void json_entity(struct json_writer *json, const struct dt_entity *entity)
{
    char id[ID_SIZE_MAX];
    write_id(entity, id);
    json_write_begin_object(json);
    json_write_member_cstr(json, "instanceId", id);
    print_json_time(json, "lastModifiedTime", dt_entity_modified_ns(entity));
    json_write_member_int(json, "backlogQueueSize", dt_entity_backlog(entity));
    print_json_text(json, "lockedBy", dt_entity_locked_by(entity));
    print_json_text(json, "serializedState", dt_entity_state(entity));
    json_write_end_object(json);
}

/* --- ls --- */

static void list_entity(struct cli_listing *list, const struct dt_entity *entity)
{
    char id[ID_SIZE_MAX], modified[PRINT_TIME_SIZE], backlog[16];
    if (cli_wants_json(list->session)) {
        json_entity(&list->json, entity);
        return;
    }
    write_id(entity, id);
    (void)snprintf(backlog, sizeof backlog, "%d", dt_entity_backlog(entity));
    const char *const cells[] = {id, print_time(dt_entity_modified_ns(entity), modified), backlog,
                                 dt_entity_locked_by(entity)};
    print_table_row(&list->table, cells, ARRAY_SIZE(cells));
}

static enum dt_status list_page(struct cli_listing *list, const char *token, int32_t size, char **ret_token,
                                struct dt_error *error)
{
    struct dt_entity_query query = *(const struct dt_entity_query *)list->query;
    struct dt_entities *page = NULL;
    query.page_token = token;
    query.page_size = size;
    enum dt_status status = dt_client_query_entities(list->session->client, &query, &page, error);
    if (status != DT_OK)
        return status;
    for (size_t i = 0; i < dt_entities_count(page) && list->left > 0; i++, list->left--)
        list_entity(list, dt_entities_get(page, i));
    *ret_token = dt_entities_token(page) ? strdup(dt_entities_token(page)) : NULL;
    dt_entities_destroy(page);
    return DT_OK;
}

int cli_entity_ls(struct cli_session *session)
{
    static const char *const headings[] = {"ID", "MODIFIED", "BACKLOG", "LOCKED BY"};
    struct dt_entity_query query = DT_INIT(struct dt_entity_query);
    struct cli_listing list = {.session = session,
                               .name = "entities",
                               .headings = headings,
                               .heading_count = ARRAY_SIZE(headings),
                               .more_by = "--limit N, --prefix",
                               .query = &query,
                               .list_page = list_page};
    query.id_prefix = setting_text(session->values, "prefix");
    query.transient = setting_flag(session->values, "transient");
    return listing_run(&list);
}

/* --- show and signal --- */

static void show(struct buf *out, const struct dt_entity *entity)
{
    char id[ID_SIZE_MAX], time[PRINT_TIME_SIZE], backlog[16];
    write_id(entity, id);
    (void)snprintf(backlog, sizeof backlog, "%d", dt_entity_backlog(entity));
    print_pair(out, "id", id);
    print_pair(out, "modified", print_time(dt_entity_modified_ns(entity), time));
    print_pair(out, "backlog", backlog);
    print_pair(out, "locked by", dt_entity_locked_by(entity));
    print_pair(out, "state", dt_entity_state(entity));
}

/* One that has no state is none to the service, but may be held, or have a backlog: the first whose id begins with this one.
 * NULL: there is none. The page is the caller's. */
static const struct dt_entity *find_stateless(const struct cli_session *session, struct dt_entity_id id,
                                              struct dt_entities **ret_page)
{
    char text[ID_SIZE_MAX], found[ID_SIZE_MAX];
    struct dt_error error;
    struct dt_entity_query query = DT_INIT(struct dt_entity_query);
    int size = snprintf(text, sizeof text, "@%s@%s", id.name, id.key);
    if (size < 0 || size >= (int)sizeof text)
        return NULL; /* no entity has so long an id */
    query.id_prefix = text;
    query.page_size = 1;
    query.transient = true;
    if (dt_client_query_entities(session->client, &query, ret_page, &error) != DT_OK ||
        dt_entities_count(*ret_page) == 0)
        return NULL;
    const struct dt_entity *entity = dt_entities_get(*ret_page, 0);
    write_id(entity, found);
    return strlen(found) == strlen(text) ? entity : NULL;
}

int cli_entity_show(struct cli_session *session)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    char text[ID_SIZE_MAX];
    struct dt_entity_id id;
    struct dt_entity *entity = NULL;
    struct dt_error error;
    const char *typed = session->values->positionals[0];
    if (!read_id(typed, text, &id))
        return refuse_id(session);
    struct dt_entities *page = NULL;
    const struct dt_entity *shown = NULL;
    if (dt_client_get_entity(session->client, id, true, &entity, &error) == DT_OK)
        shown = entity;
    else if (error.status == DT_NOT_FOUND)
        shown = find_stateless(session, id, &page);
    if (!shown) {
        dt_entities_destroy(page);
        return cli_session_failed(session, &error, typed);
    }
    if (cli_wants_json(session)) {
        json_entity(&json, shown);
        if (json_write_status(&json) != STATUS_OK)
            out.failed = true;
        buf_append_byte(&out, '\n');
    } else {
        show(&out, shown);
    }
    dt_entity_destroy(entity);
    dt_entities_destroy(page);
    return cli_print(session, &out);
}

/* {"instanceId": "@name@key"} for programs, with the name as the service writes it. */
static int print_signalled(const struct cli_session *session, struct dt_entity_id id)
{
    CLEANUP(buf_fini) struct buf text = {0}, out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    if (!cli_wants_json(session))
        return EXIT_GOOD;
    buf_append_byte(&text, '@');
    for (const char *at = id.name; *at; at++)
        buf_append_byte(&text, ascii_lower((uint8_t)*at));
    buf_append_fmt(&text, "@%s", id.key);
    json_write_begin_object(&json);
    json_write_member_string(&json, "instanceId", buf_peek(&text));
    json_write_end_object(&json);
    out.failed |= text.failed;
    buf_append_byte(&out, '\n');
    return cli_print(session, &out);
}

int cli_entity_signal(struct cli_session *session)
{
    const struct option_values *values = session->values;
    struct dt_signal_options options = DT_INIT(struct dt_signal_options);
    const char *input = values->positional_count > 2 ? values->positionals[2] : NULL;
    char text[ID_SIZE_MAX];
    struct dt_entity_id id;
    struct dt_error error;
    if (!read_id(values->positionals[0], text, &id))
        return refuse_id(session);
    if (!cli_time(session, "at", &options.at_ns))
        return EXIT_USAGE;
    if (dt_client_signal_entity(session->client, id, values->positionals[1], input, &options, &error) !=
        DT_OK)
        return cli_session_failed(session, &error, values->positionals[0]);
    return print_signalled(session, id);
}
