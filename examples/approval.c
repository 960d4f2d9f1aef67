/* SPDX-License-Identifier: MIT */
/* Human approval: the orchestration does some work, shows it, and waits for a person or until the time is up.
 *
 *   approval CONNECTION worker                      serves until Ctrl-C
 *   approval CONNECTION submit 'text' [seconds]     starts a review, prints its id
 *   approval CONNECTION decide ID true|false        decides it
 *   approval CONNECTION show ID                     waits up to a minute for the outcome
 *
 * The worker may be stopped and started at any time; the deadline stays where it was. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durabletask.h"

static struct dt_worker *worker; /* for the signal handler */

static void on_signal(int number)
{
    (void)number;
    dt_worker_request_stop(worker);
}

static void count_letters(struct dt_activity *activity, const char *input, void *user)
{
    char result[64];
    snprintf(result, sizeof result, "%zu", input ? strlen(input) : 0);
    dt_activity_set_result(activity, result);
}

static void review(struct dt_context *ctx, const char *input, void *user)
{
    const char *letters = dt_await_result(dt_call_activity(ctx, "count_letters", input, NULL));
    dt_set_custom_status(ctx, dt_format(ctx, "{\"letters\":%s}", letters));
    dt_log(ctx, DT_LOG_INFO, "%s waits for a decision", dt_context_instance_id(ctx));

    const char *seconds = dt_context_tag(ctx, "seconds");
    struct dt_task *decision = dt_wait_event(ctx, "Decision", (seconds ? atoll(seconds) : 24 * 3600) * 1000);
    if (dt_await(decision) == DT_TASK_TIMED_OUT) {
        dt_set_result(ctx, "\"timed out\"");
        return;
    }
    const char *data = dt_task_result(decision);
    dt_set_result(ctx, data && strcmp(data, "true") == 0 ? "\"approved\"" : "\"rejected\"");
}

static enum dt_status serve(struct dt_connect_options *connect, struct dt_error *error)
{
    connect->log = dt_log_stderr;
    connect->log_level = DT_LOG_INFO;
    enum dt_status s = dt_worker_create(connect, NULL, &worker, error);
    if (s == DT_OK)
        s = dt_worker_register_orchestrator(worker, "review", NULL, review, NULL, error);
    if (s == DT_OK)
        s = dt_worker_register_activity(worker, "count_letters", NULL, count_letters, NULL, error);
    if (s == DT_OK) {
        struct sigaction action = {.sa_handler = on_signal};
        sigaction(SIGINT, &action, NULL);
        sigaction(SIGTERM, &action, NULL);
        s = dt_worker_run(worker, error);
    }
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    dt_worker_destroy(worker);
    return s;
}

static enum dt_status submit(struct dt_client *client, const char *text, const char *seconds,
                             struct dt_error *error)
{
    struct dt_tag tag = {"seconds", seconds};
    struct dt_start_options options = DT_INIT(struct dt_start_options);
    options.input = text;
    options.tags = &tag;
    options.tag_count = seconds != NULL;
    char id[DT_INSTANCE_ID_SIZE];
    enum dt_status s = dt_client_start(client, "review", &options, id, error);
    if (s == DT_OK)
        puts(id);
    return s;
}

static enum dt_status show(struct dt_client *client, const char *id, struct dt_error *error)
{
    struct dt_instance *instance = NULL;
    enum dt_status s = dt_client_wait_completion(client, id, 60000, &instance, error);
    if (s == DT_OK)
        printf("%s %s\n", dt_instance_status_name(dt_instance_status(instance)),
               dt_instance_output(instance) ? dt_instance_output(instance) : "");
    dt_instance_destroy(instance);
    return s;
}

static enum dt_status act(const struct dt_connect_options *connect, char **words, struct dt_error *error)
{
    struct dt_client *client = NULL;
    enum dt_status s = dt_client_create(connect, &client, error);
    if (s != DT_OK)
        return s;

    if (strcmp(words[0], "submit") == 0)
        s = submit(client, words[1], words[2], error);
    else if (strcmp(words[0], "decide") == 0)
        s = dt_client_raise_event(client, words[1], "Decision", words[2] ? words[2] : "false", error);
    else
        s = show(client, words[1], error);
    dt_client_destroy(client);
    return s;
}

int main(int argc, char **argv)
{
    if (argc < 3 || (argc < 4 && strcmp(argv[2], "worker") != 0)) {
        fprintf(
            stderr,
            "usage: approval CONNECTION worker | submit TEXT [SECONDS] | decide ID true|false | show ID\n");
        return 2;
    }
    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    connect.connection_string = argv[1];
    struct dt_error error = {0};
    bool work = strcmp(argv[2], "worker") == 0;
    enum dt_status s = work ? serve(&connect, &error) : act(&connect, argv + 2, &error);
    if (s != DT_OK)
        fprintf(stderr, "%s: %s\n", dt_status_name(s), error.text);
    return s != DT_OK;
}
