/* SPDX-License-Identifier: MIT */
/* instance_write.c — instance start, raise, suspend, resume, terminate, rewind, restart, purge. Of several ids each is
 * tried; the exit code is that of the first that failed, and JSON names those that did not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cli/actions.h"
#include "cmd/cli/instance_json.h"
#include "cmd/cli/print.h"
#include "cmd/limit_values.h"
#include "os/clock.h"

/* --- results --- */

/* {"instanceId": "…"}, or the id alone. */
static int print_id(const struct cli_session *session, const char *id)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out, .replace_invalid = true};
    if (cli_wants_json(session)) {
        json_write_begin_object(&json);
        json_write_member_cstr(&json, "instanceId", id);
        json_write_end_object(&json);
    } else {
        buf_append_cstr(&out, id);
    }
    buf_append_byte(&out, '\n');
    return cli_print(session, &out);
}

static int print_purged(const struct cli_session *session, int64_t count, bool complete)
{
    CLEANUP(buf_fini) struct buf out = {0};
    struct json_writer json = {.out = &out};
    if (cli_wants_json(session)) {
        json_write_begin_object(&json);
        json_write_member_int(&json, "deletedInstanceCount", count);
        json_write_member_bool(&json, "isComplete", complete);
        json_write_end_object(&json);
        buf_append_byte(&out, '\n');
    } else {
        buf_append_fmt(&out, "%lld purged%s\n", (long long)count,
                       complete ? "" : "; there are more: run it again");
    }
    return cli_print(session, &out);
}

/* {"instanceIds": ["…"]} for programs; people are told of failures only. */
struct done_ids {
    struct buf out;
    struct json_writer json;
    size_t count;
};

/* Not copied later: its writer points into it. */
static void done_begin(struct done_ids *done)
{
    *done = (struct done_ids){.json = {.out = &done->out, .replace_invalid = true}};
    json_write_begin_object(&done->json);
    json_write_key(&done->json, "instanceIds");
    json_write_begin_array(&done->json);
}

static void done_add(struct done_ids *done, const char *id)
{
    json_write_string(&done->json, bytes_of_cstr(id));
    done->count++;
}

/* Prints the ids, unless there are none: then standard error has said all. Returns the exit code; frees. */
static int done_end(const struct cli_session *session, struct done_ids *done, int code)
{
    int printed = EXIT_GOOD;
    json_write_end_array(&done->json);
    json_write_end_object(&done->json);
    if (json_write_status(&done->json) != STATUS_OK)
        done->out.failed = true;
    buf_append_byte(&done->out, '\n');
    if (cli_wants_json(session) && done->count > 0)
        printed = cli_print(session, &done->out);
    buf_fini(&done->out);
    return code ? code : printed;
}

/* Does one thing to each id of the command line. */
static int each_id(struct cli_session *session,
                   enum dt_status (*act)(struct cli_session *session, const char *id, struct dt_error *error))
{
    int code = EXIT_GOOD;
    struct done_ids done;
    done_begin(&done);
    for (size_t i = 0; i < session->values->positional_count; i++) {
        const char *id = session->values->positionals[i];
        struct dt_error error = {.status = DT_OK};
        if (act(session, id, &error) == DT_OK) {
            done_add(&done, id);
            continue;
        }
        int failed = cli_session_failed(session, &error, id);
        code = code ? code : failed;
    }
    return done_end(session, &done, code);
}

/* --- start and raise --- */

/* "key=value,key=value", cut in place. False: a part has no '='. */
static bool read_tags(char *text, struct dt_tag tags[CLI_TAGS_MAX], size_t *ret_count)
{
    char *rest = NULL;
    *ret_count = 0;
    for (char *part = strtok_r(text, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
        char *mark = strchr(part, '=');
        if (!mark || *ret_count == CLI_TAGS_MAX)
            return false;
        *mark = '\0';
        tags[(*ret_count)++] = (struct dt_tag){part, mark + 1};
    }
    return true;
}

static void write_end(const struct cli_session *session, const struct dt_instance *instance, struct buf *out)
{
    struct json_writer json = {.out = out, .replace_invalid = true};
    const struct dt_failure *failure = dt_instance_failure(instance);
    if (!cli_wants_json(session)) {
        print_pair(out, "status", dt_instance_status_name(dt_instance_status(instance)));
        print_pair(out, "output", dt_instance_output(instance));
        print_pair(out, "failure", failure ? failure->message : NULL);
        return;
    }
    instance_json(&json, instance, NULL);
    if (json_write_status(&json) != STATUS_OK)
        out->failed = true;
    buf_append_byte(out, '\n');
}

/* A person sees the id at once; a program gets one object, at the end. */
static int wait_for_end(struct cli_session *session, const char *id)
{
    int code = cli_wants_json(session) ? EXIT_GOOD : print_id(session, id);
    struct dt_instance *instance = NULL;
    struct dt_error error;
    if (code != EXIT_GOOD)
        return code;
    if (dt_client_wait_completion(session->client, id, -1, &instance, &error) != DT_OK) {
        code = cli_session_failed(session, &error, id);
        if (cli_wants_json(session))
            (void)print_id(session, id); /* it was started: a script has to know which one */
        return code;
    }
    bool completed = dt_instance_status(instance) == DT_INSTANCE_COMPLETED;
    CLEANUP(buf_fini) struct buf out = {0};
    write_end(session, instance, &out);
    int printed = cli_print(session, &out);
    dt_instance_destroy(instance);
    return completed ? printed : EXIT_FAILED;
}

static int start(struct cli_session *session, char *tag_text)
{
    const struct option_values *values = session->values;
    struct dt_tag tags[CLI_TAGS_MAX];
    struct dt_start_options options = DT_INIT(struct dt_start_options);
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_error error;
    if (!cli_time(session, "at", &options.start_at_ns))
        return EXIT_USAGE;
    if (tag_text && !read_tags(tag_text, tags, &options.tag_count))
        return cli_session_usage(session, "--tags must be NAME=VALUE, with commas between several");
    options.tags = options.tag_count ? tags : NULL;
    options.instance_id = setting_text(values, "id");
    options.version = setting_text(values, "version");
    options.input = values->positional_count > 1 ? values->positionals[1] : NULL;
    if (dt_client_start(session->client, values->positionals[0], &options, id, &error) != DT_OK)
        return cli_session_failed(session, &error, options.instance_id);
    if (setting_flag(values, "wait"))
        return wait_for_end(session, id);
    return print_id(session, id);
}

int cli_instance_start(struct cli_session *session)
{
    const char *text = setting_text(session->values, "tags");
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        return EXIT_FAILED;
    int code = start(session, copy);
    free(copy);
    return code;
}

/* An event for an id that nobody has, or for what is over, is accepted and dropped, by this scheduler and the cloud's, and so
 * are suspend and resume of what is over: who types them is told. */
static enum dt_status find_live(struct cli_session *session, const char *id, struct dt_error *error)
{
    struct dt_instance *instance = NULL;
    enum dt_status status = dt_client_get(session->client, id, false, &instance, error);
    if (status != DT_OK)
        return status;
    enum dt_instance_status stands = dt_instance_status(instance);
    dt_instance_destroy(instance);
    if (!dt_instance_status_final(stands))
        return DT_OK;
    error->status = DT_FAILED_PRECONDITION;
    snprintf(error->text, sizeof error->text, "it is over (%s)", dt_instance_status_name(stands));
    return error->status;
}

int cli_instance_raise(struct cli_session *session)
{
    const struct option_values *values = session->values;
    const char *data = values->positional_count > 2 ? values->positionals[2] : NULL;
    const char *id = values->positionals[0];
    struct dt_error error;
    if (find_live(session, id, &error) != DT_OK ||
        dt_client_raise_event(session->client, id, values->positionals[1], data, &error) != DT_OK)
        return cli_session_failed(session, &error, id);
    return cli_wants_json(session) ? print_id(session, id) : EXIT_GOOD;
}

/* --- steer --- */

static enum dt_status suspend(struct cli_session *session, const char *id, struct dt_error *error)
{
    enum dt_status status = find_live(session, id, error);
    if (status == DT_OK)
        return dt_client_suspend(session->client, id, setting_text(session->values, "reason"), error);
    return status;
}

static enum dt_status resume(struct cli_session *session, const char *id, struct dt_error *error)
{
    enum dt_status status = find_live(session, id, error);
    if (status == DT_OK)
        return dt_client_resume(session->client, id, setting_text(session->values, "reason"), error);
    return status;
}

static enum dt_status rewind_one(struct cli_session *session, const char *id, struct dt_error *error)
{
    return dt_client_rewind(session->client, id, setting_text(session->values, "reason"), error);
}

static enum dt_status terminate(struct cli_session *session, const char *id, struct dt_error *error)
{
    return dt_client_terminate(session->client, id, setting_text(session->values, "output"),
                               setting_flag(session->values, "recursive"), error);
}

int cli_instance_suspend(struct cli_session *session)
{
    return each_id(session, suspend);
}

int cli_instance_resume(struct cli_session *session)
{
    return each_id(session, resume);
}

int cli_instance_rewind(struct cli_session *session)
{
    return each_id(session, rewind_one);
}

static bool has_id(const struct dt_ids *ids, const char *id)
{
    for (size_t i = 0; i < dt_ids_count(ids); i++)
        if (strcmp(dt_ids_get(ids, i), id) == 0)
            return true;
    return false;
}

static int terminate_now(struct cli_session *session)
{
    const struct option_values *values = session->values;
    struct dt_ids *left = NULL;
    struct dt_error error;
    if (dt_client_skip_termination(session->client, values->positionals, values->positional_count,
                                   setting_text(values, "output"), &left, &error) != DT_OK)
        return cli_session_failed(session, &error, NULL);
    int code = EXIT_GOOD;
    for (size_t i = 0; i < dt_ids_count(left); i++) {
        error = (struct dt_error){.status = DT_NOT_FOUND};
        (void)snprintf(error.text, sizeof error.text, "not ended: it is unknown, over, or holds locks");
        code = cli_session_failed(session, &error, dt_ids_get(left, i));
    }
    struct done_ids done;
    done_begin(&done);
    for (size_t i = 0; i < values->positional_count; i++)
        if (!has_id(left, values->positionals[i]))
            done_add(&done, values->positionals[i]);
    dt_ids_destroy(left);
    return done_end(session, &done, code);
}

int cli_instance_terminate(struct cli_session *session)
{
    if (setting_flag(session->values, "now"))
        return terminate_now(session);
    return each_id(session, terminate);
}

int cli_instance_restart(struct cli_session *session)
{
    const char *id = session->values->positionals[0];
    char new_id[DT_INSTANCE_ID_SIZE];
    struct dt_error error;
    if (dt_client_restart(session->client, id, setting_flag(session->values, "new-id"), new_id, &error) !=
        DT_OK)
        return cli_session_failed(session, &error, id);
    return print_id(session, new_id);
}

/* --- purge --- */

/* Nothing was purged: unknown, or not over. */
static int explain_unpurged(struct cli_session *session, const char *id)
{
    struct dt_error error;
    if (dt_client_get(session->client, id, false, NULL, &error) != DT_OK)
        return cli_session_failed(session, &error, id);
    fprintf(stderr, "sallyport %s: %s: it is not over\nend it first: sallyport instance terminate %s\n",
            session->command->name, id, id);
    return EXIT_FAILED;
}

static int purge_ids(struct cli_session *session)
{
    const struct option_values *values = session->values;
    int code = EXIT_GOOD;
    int64_t total = 0;
    for (size_t i = 0; i < values->positional_count; i++) {
        const char *id = values->positionals[i];
        struct dt_error error;
        int32_t count = 0;
        int failed = EXIT_GOOD;
        if (dt_client_purge(session->client, id, setting_flag(values, "recursive"), &count, &error) != DT_OK)
            failed = cli_session_failed(session, &error, id);
        else if (count == 0)
            failed = explain_unpurged(session, id);
        total += count;
        code = code ? code : failed;
    }
    int printed = print_purged(session, total, true);
    return code ? code : printed;
}

static int purge_matching(struct cli_session *session)
{
    struct dt_purge_filter filter = DT_INIT(struct dt_purge_filter);
    int64_t age_ns = setting_number(session->values, "older-than");
    int32_t count = 0;
    bool complete = false;
    struct dt_error error;
    filter.created_to_ns = clock_unix_ns() - age_ns;
    filter.timeout_ms = setting_number(session->values, "timeout") / NS_PER_MS;
    if (dt_client_purge_matching(session->client, &filter, &count, &complete, &error) != DT_OK)
        return cli_session_failed(session, &error, NULL);
    return print_purged(session, count, complete);
}

int cli_instance_purge(struct cli_session *session)
{
    bool by_age = option_get(session->values, "older-than")->given;
    if (by_age == (session->values->positional_count > 0))
        return cli_session_usage(session, "give ids, or --older-than TIME for all that are over");
    if (by_age)
        return purge_matching(session);
    return purge_ids(session);
}
