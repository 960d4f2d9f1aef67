/* SPDX-License-Identifier: MIT */
/* A step that a person has to agree to: an orchestration of one's own runs code in a session, and goes on when somebody has
 * looked at what it did and approved it, or not.
 *
 *   reviewed_step CONNECTION CODE            a string gives true or false
 *   reviewed_step CONNECTION CODE PURPOSE    an object gives what became of it, with the result if it was approved
 *
 * The step is an orchestration of the server, in the task hub of its app (`default`). It waits in the inbox: open the page,
 * or type `sallyport ls --state waiting` and `sallyport approve ID`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durabletask.h"

#define STEP_SIZE 65536

static void guarded(struct dt_context *ctx, const char *input, void *user)
{
    struct dt_task *step = dt_call_sub_orchestration(ctx, "CodeExecutionOrchestrator", input, NULL);
    const char *outcome = dt_await_result(step); /* code that fails fails a step that was given a string */
    dt_set_result(ctx, outcome);
}

/* Appends the text as a JSON string, as far as it fits. */
static void append_json(char step[STEP_SIZE], const char *text)
{
    size_t size = strlen(step);
    step[size++] = '"';
    for (; *text && size + 8 < STEP_SIZE; text++) {
        if ((unsigned char)*text < ' ' || *text == '"' || *text == '\\')
            size += (size_t)sprintf(step + size, "\\u%04x", (unsigned char)*text);
        else
            step[size++] = *text;
    }
    step[size++] = '"';
    step[size] = '\0';
}

static void write_step(char step[STEP_SIZE], const char *code, const char *purpose)
{
    step[0] = '\0';
    if (!purpose) {
        append_json(step, code);
        return;
    }
    strcat(step, "{\"purpose\":");
    append_json(step, purpose);
    strcat(step, ",\"code\":");
    append_json(step, code);
    strcat(step, "}");
}

static enum dt_status run(struct dt_client *client, const char *step, struct dt_error *error)
{
    char id[DT_INSTANCE_ID_SIZE];
    struct dt_instance *instance = NULL;
    struct dt_start_options options = DT_INIT(struct dt_start_options);
    options.input = step;
    enum dt_status s = dt_client_start(client, "guarded", &options, id, error);
    if (s == DT_OK) {
        printf("instance %s\n", id);
        fflush(stdout);
        s = dt_client_wait_completion(client, id, -1, &instance, error);
    }
    if (s == DT_OK)
        printf("%s %s\n", dt_instance_status_name(dt_instance_status(instance)),
               dt_instance_output(instance) ? dt_instance_output(instance) : "");
    dt_instance_destroy(instance);
    return s;
}

int main(int argc, char **argv)
{
    static char step[STEP_SIZE];
    if (argc < 3) {
        fprintf(stderr, "usage: reviewed_step CONNECTION CODE [PURPOSE]\n");
        return 2;
    }
    write_step(step, argv[2], argv[3]);

    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    struct dt_worker_options mine = DT_INIT(struct dt_worker_options);
    connect.connection_string = argv[1];
    mine.filter = true; /* the step is for the server's worker */

    struct dt_error error = {0};
    struct dt_worker *worker = NULL;
    struct dt_client *client = NULL;
    enum dt_status s = dt_worker_create(&connect, &mine, &worker, &error);
    if (s == DT_OK)
        s = dt_worker_register_orchestrator(worker, "guarded", NULL, guarded, NULL, &error);
    if (s == DT_OK)
        s = dt_worker_start(worker, &error);
    if (s == DT_OK)
        s = dt_client_create(&connect, &client, &error);
    if (s == DT_OK)
        s = run(client, step, &error);
    if (s != DT_OK)
        fprintf(stderr, "%s: %s\n", dt_status_name(s), error.text);
    dt_client_destroy(client);
    dt_worker_destroy(worker);
    return s != DT_OK;
}
