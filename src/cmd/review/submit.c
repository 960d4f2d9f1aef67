/* SPDX-License-Identifier: MIT */
/* submit.c — submit, resubmit, and waiting for the end: the link and each new state to standard error, so that standard output
 * is the run's output alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/limit_values.h"
#include "cmd/review/actions.h"
#include "cmd/review/attach.h"
#include "cmd/review/review.h"
#include "cmd/review/view.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define POLL_REST "?wait=60s&until=over"
#define POLL_MS   90000 /* for an answer that is held back for a minute */

/* --- what is sent --- */

static int pack_labels(const struct review_call *call, json_t **ret_labels)
{
    const char *label = setting_each(call->values, "label", 0);
    *ret_labels = label ? json_object() : NULL;
    for (size_t i = 0; (label = setting_each(call->values, "label", i)) != NULL; i++) {
        const char *mark = strchr(label, '=');
        json_t *value = mark ? json_string(mark + 1) : NULL;
        if (!value)
            return server_failed(call->command, EXIT_USAGE, "--label must be KEY=VALUE, in UTF-8", NULL);
        if (json_object_setn_new(*ret_labels, label, (size_t)(mark - label), value) != 0)
            return server_failed(call->command, EXIT_USAGE, "--label must be KEY=VALUE, in UTF-8", NULL);
    }
    return EXIT_GOOD;
}

/* The code of the file that was typed, as a JSON string. */
static int pack_code(const struct review_call *call, const char *path, json_t **ret_code)
{
    CLEANUP(buf_fini) struct buf text = {0};
    char refusal[400];
    if (!server_read_file(path, REVIEW_CODE_SIZE_MAX, &text)) {
        (void)snprintf(refusal, sizeof refusal, "%.300s cannot be read", path);
        return server_failed(call->command, EXIT_FAILED, refusal, NULL);
    }
    *ret_code = json_stringn(text.size ? (const char *)text.data : "", text.size);
    return *ret_code ? EXIT_GOOD
                     : server_failed(call->command, EXIT_FAILED, "the code is not in UTF-8", NULL);
}

/* Members that are one text each, by the setting's name. */
static const char *const texts[][2] = {{"purpose", "purpose"},
                                       {"gate", "gate"},
                                       {"session", "session"},
                                       {"on-behalf-of", "onBehalfOf"},
                                       {"submitted-by", "submittedBy"}};

static bool set_text(json_t *body, const char *member, const char *text)
{
    return !text || json_object_set_new(body, member, json_string(text)) == 0;
}

/* Beside what is to be started, or alone. */
static int add_then_code(const struct review_call *call, json_t *body)
{
    const char *path = setting_text(call->values, "then-code");
    json_t *then = json_object_get(body, "then"), *text = NULL;
    int code = path ? pack_code(call, path, &text) : EXIT_GOOD;
    if (!text)
        return code;
    if (!then) {
        then = json_object();
        json_object_set_new(body, "then", then);
    }
    return json_object_set_new(then, "code", text) == 0 ? EXIT_GOOD : review_no_memory(call);
}

/* What is to follow an approval. */
static int add_then(const struct review_call *call, json_t *body)
{
    const char *name = setting_text(call->values, "then-start"),
               *hub = setting_text(call->values, "then-hub"),
               *webhook = setting_text(call->values, "then-webhook");
    if (hub && !name)
        return server_failed(call->command, EXIT_USAGE, "--then-hub needs --then-start", NULL);
    if (!name && !webhook)
        return EXIT_GOOD;
    json_t *start = name ? json_pack("{s:s, s:s*}", "name", name, "hub", hub) : NULL;
    json_t *told = webhook ? json_pack("{s:s}", "name", webhook) : NULL;
    json_t *then = json_pack("{s:o*, s:o*}", "start", start, "webhook", told);
    if (!then || (name && !start) || (webhook && !told))
        return server_failed(call->command, EXIT_USAGE, "a setting is not in UTF-8", NULL);
    return json_object_set_new(body, "then", then) == 0 ? EXIT_GOOD : review_no_memory(call);
}

static int make_submission(const struct review_call *call, json_t *body)
{
    const struct option_value *patience = option_get(call->values, "approval-timeout");
    json_t *labels = NULL;
    int code = pack_labels(call, &labels);
    if (labels)
        json_object_set_new(body, "labels", labels);
    for (size_t i = 0; code == EXIT_GOOD && i < ARRAY_SIZE(texts); i++)
        if (!set_text(body, texts[i][1], setting_text(call->values, texts[i][0])))
            code = server_failed(call->command, EXIT_USAGE, "a setting is not in UTF-8", NULL);
    if (code == EXIT_GOOD)
        code = add_then(call, body);
    if (code == EXIT_GOOD)
        code = add_then_code(call, body);
    if (patience->given)
        json_object_set_new(body, "approvalTimeoutSeconds",
                            json_real((double)patience->number / (double)NS_PER_S));
    return code;
}

/* What both commands send. */
static int make_body(const struct review_call *call, const char *path, json_t *body)
{
    json_t *code_text = NULL;
    int code = body ? pack_code(call, path, &code_text) : review_no_memory(call);
    if (code == EXIT_GOOD)
        json_object_set_new(body, "code", code_text);
    return code;
}

/* --- waiting --- */

static void say_state(const struct review_call *call, const json_t *request)
{
    CLEANUP(buf_fini) struct buf line = {0}, clean = {0};
    if (setting_flag(call->values, "json") || !isatty(STDERR_FILENO))
        return;
    view_standing(request, &line);
    buf_append_byte(&line, '\0');
    if (buf_status(&line) == STATUS_OK)
        print_text(&clean, (const char *)line.data);
    fprintf(stderr, "%.*s\n", BYTES_FMT(buf_peek(&clean)));
}

/* Asks until the request is over; each state is said once. */
static int wait_until_over(const struct review_call *call, const char *path, json_t **ret_request)
{
    CLEANUP(buf_fini) struct buf said = {0};
    int64_t limit_ns = setting_number(call->values, "wait-timeout");
    int64_t until_ns = clock_monotonic_ns() + limit_ns;
    for (;;) {
        int code = review_get(call, path, POLL_MS, ret_request);
        if (code != EXIT_GOOD || view_is_over(*ret_request))
            return code;

        const char *state = json_member_text(*ret_request, "state");
        if (state && !bytes_equal_cstr(buf_peek(&said), state)) {
            say_state(call, *ret_request);
            buf_clear(&said);
            buf_append_cstr(&said, state);
        }
        if (option_get(call->values, "wait-timeout")->given && clock_monotonic_ns() > until_ns)
            return server_failed(call->command, EXIT_TIMED_OUT, "the request is not over yet",
                                 "look with: sallyport show ID");
        json_decref(*ret_request);
        *ret_request = NULL;
    }
}

static int print_end(const struct review_call *call, const json_t *request)
{
    CLEANUP(buf_fini) struct buf out = {0};
    if (setting_flag(call->values, "json"))
        print_json_value(&out, request);
    else
        view_output(json_object_get(request, "result"), isatty(STDOUT_FILENO), &out);
    bool printed = print_out(&out);
    say_state(call, request);
    return printed ? view_exit_code(request) : EXIT_FAILED;
}

static int wait_and_print(const struct review_call *call, const char *id)
{
    CLEANUP(json_release) json_t *request = NULL;
    CLEANUP(buf_fini) struct buf path = {0}, link = {0};
    if (!review_path(call, id, POLL_REST, &path))
        return EXIT_FAILED;
    review_link(call, id, NULL, &link);
    if (buf_status(&link) == STATUS_OK)
        fprintf(stderr, "%s\n", (const char *)link.data);
    int code = wait_until_over(call, (const char *)path.data, &request);
    return code == EXIT_GOOD ? print_end(call, request) : code;
}

/* The id, or the answer as JSON; a warning of the server's to standard error. */
static int print_submitted(const struct review_call *call, const json_t *answer)
{
    CLEANUP(buf_fini) struct buf out = {0}, clean = {0};
    const json_t *warnings = json_object_get(answer, "warnings");
    for (size_t i = 0; i < json_array_size(warnings); i++) {
        buf_clear(&clean);
        print_text(&clean, json_string_value(json_array_get(warnings, i)));
        fprintf(stderr, "warning: %.*s\n", BYTES_FMT(buf_peek(&clean)));
    }
    const char *id = json_member_text(answer, "id");
    if (!id)
        return server_failed(call->command, EXIT_FAILED, "the server's answer has no id", NULL);
    if (setting_flag(call->values, "wait"))
        return wait_and_print(call, id);
    if (setting_flag(call->values, "json"))
        print_json_value(&out, answer);
    else
        print_text(&out, id);
    if (!setting_flag(call->values, "json"))
        buf_append_byte(&out, '\n');
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* --- the two commands --- */

int review_submit(const struct review_call *call)
{
    CLEANUP(json_release) json_t *answer = NULL;
    json_t *body = json_object();
    int code = make_body(call, call->values->positionals[0], body);
    if (code == EXIT_GOOD)
        code = make_submission(call, body);
    if (code == EXIT_GOOD)
        code = attach_files(call, body);
    if (code != EXIT_GOOD) {
        json_decref(body);
        return code;
    }
    code = review_post(call, "/v1/requests", body, &answer);
    return code == EXIT_GOOD ? print_submitted(call, answer) : code;
}

int review_resubmit(const struct review_call *call)
{
    CLEANUP(json_release) json_t *answer = NULL;
    CLEANUP(buf_fini) struct buf path = {0};
    char id[REVIEW_ID_SIZE];
    int code = review_find(call, id);
    if (code == EXIT_GOOD && !review_path(call, id, "/revisions", &path))
        code = EXIT_FAILED;
    if (code != EXIT_GOOD)
        return code;

    json_t *body = json_object();
    code = make_body(call, call->values->positionals[1], body);
    if (code == EXIT_GOOD && !set_text(body, "comment", setting_text(call->values, "message")))
        code = server_failed(call->command, EXIT_USAGE, "--message is not in UTF-8", NULL);
    if (code == EXIT_GOOD)
        code = add_then_code(call, body);
    if (code == EXIT_GOOD)
        code = attach_to_revision(call, id, body);
    if (code != EXIT_GOOD) {
        json_decref(body);
        return code;
    }
    code = review_post(call, (const char *)path.data, body, &answer);
    return code == EXIT_GOOD ? print_submitted(call, answer) : code;
}
