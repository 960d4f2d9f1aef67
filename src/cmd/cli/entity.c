/* SPDX-License-Identifier: MIT */
/* entity.c — entity ls, show, signal. An entity is named as the service names it: "@name@key". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/actions.h"
#include "cmd/cli/print.h"

#define PAGE_SIZE   200 /* entities asked for at once */
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

struct entity_listing {
    struct cli_session *session;
    struct print_table table;
    struct buf out;
    struct json_writer json;
    int64_t left;
    bool more;
};

static void list_entity(struct entity_listing *list, const struct dt_entity *entity)
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

static int list_pages(struct entity_listing *list, struct dt_entity_query *query)
{
    struct dt_entities *page = NULL;
    struct dt_error error;
    char *token = NULL;
    int code = EXIT_GOOD;
    do {
        query->page_token = token;
        query->page_size = (int32_t)MIN(list->left, PAGE_SIZE);
        if (dt_client_query_entities(list->session->client, query, &page, &error) != DT_OK) {
            code = cli_session_failed(list->session, &error, NULL);
            break;
        }
        for (size_t i = 0; i < dt_entities_count(page) && list->left > 0; i++, list->left--)
            list_entity(list, dt_entities_get(page, i));
        free(token);
        token = dt_entities_token(page) ? strdup(dt_entities_token(page)) : NULL;
        dt_entities_destroy(page);
    } while (token && list->left > 0);
    list->more = token != NULL;
    free(token);
    return code;
}

static int print_list(struct entity_listing *list)
{
    if (cli_wants_json(list->session)) {
        json_write_end_array(&list->json);
        json_write_member_bool(&list->json, "more", list->more);
        json_write_end_object(&list->json);
        if (json_write_status(&list->json) != STATUS_OK)
            list->out.failed = true;
        buf_append_byte(&list->out, '\n');
    } else {
        print_table_write(&list->table, &list->out);
    }
    return cli_print(list->session, &list->out);
}

int cli_entity_ls(struct cli_session *session)
{
    static const char *const headings[] = {"ID", "MODIFIED", "BACKLOG", "LOCKED BY"};
    struct dt_entity_query query = DT_INIT(struct dt_entity_query);
    struct entity_listing list = {.session = session, .left = setting_number(session->values, "limit")};
    query.id_prefix = setting_text(session->values, "prefix");
    list.json.out = &list.out;
    list.json.replace_invalid = true;
    if (cli_wants_json(session)) {
        json_write_begin_object(&list.json);
        json_write_key(&list.json, "entities");
        json_write_begin_array(&list.json);
    } else {
        print_table_row(&list.table, headings, ARRAY_SIZE(headings));
    }
    int code = list_pages(&list, &query);
    if (code == EXIT_GOOD)
        code = print_list(&list);
    if (code == EXIT_GOOD && list.more && !cli_wants_json(session))
        fputs("there are more: --limit N, --prefix\n", stderr);
    print_table_fini(&list.table);
    buf_fini(&list.out);
    return code;
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
    if (dt_client_get_entity(session->client, id, true, &entity, &error) != DT_OK)
        return cli_session_failed(session, &error, typed);
    if (cli_wants_json(session)) {
        json_entity(&json, entity);
        if (json_write_status(&json) != STATUS_OK)
            out.failed = true;
        buf_append_byte(&out, '\n');
    } else {
        show(&out, entity);
    }
    dt_entity_destroy(entity);
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
    return EXIT_GOOD;
}
