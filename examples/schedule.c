/* SPDX-License-Identifier: MIT */
/* Schedule: an orchestration that is started again and again, also after every process here has been restarted.
 *
 *   schedule CONNECTION_STRING worker                 runs schedules, and the orchestration "tick"
 *   schedule CONNECTION_STRING create NAME SECONDS    starts "tick" every SECONDS
 *   schedule CONNECTION_STRING pause|resume|delete NAME
 *   schedule CONNECTION_STRING show NAME
 *   schedule CONNECTION_STRING wait NAME N            waits until "tick" has run N times */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "durabletask.h"

#define WAIT_MS 60000

static void tick(struct dt_context *ctx, const char *input, void *user)
{
    dt_set_result(ctx, input);
}

static struct dt_worker *worker;

static void on_signal(int number)
{
    dt_worker_request_stop(worker);
}

static int serve(const struct dt_connect_options *connect, struct dt_error *error)
{
    if (dt_worker_create(connect, NULL, &worker, error) != DT_OK ||
        dt_worker_register_schedules(worker, error) != DT_OK ||
        dt_worker_register_orchestrator(worker, "tick", NULL, tick, NULL, error) != DT_OK)
        return 1;
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    return dt_worker_run(worker, error) != DT_OK;
}

static int create(struct dt_client *client, const char *name, const char *seconds, struct dt_error *error)
{
    struct dt_schedule_options options = DT_INIT(struct dt_schedule_options);
    options.orchestration = "tick";
    options.input = "\"tock\"";
    options.interval_ms = atoll(seconds) * 1000;
    options.late = DT_LATE_RUN;
    return dt_client_create_schedule(client, name, &options, WAIT_MS, error) != DT_OK;
}

static int show(struct dt_client *client, const char *name, struct dt_error *error)
{
    static const char *const statuses[] = {"none", "active", "paused"};
    struct dt_schedule *schedule = NULL;
    enum dt_status status = dt_client_get_schedule(client, name, &schedule, error);
    if (status == DT_NOT_FOUND) {
        error->text[0] = '\0';
        printf("no schedule %s\n", name);
        return 0;
    }
    if (status != DT_OK)
        return 1;
    struct dt_schedule_info info = DT_INIT(struct dt_schedule_info);
    dt_schedule_read(schedule, &info);
    printf("%s: %s every %lld s, %s\n", info.id, info.orchestration, (long long)(info.interval_ms / 1000),
           statuses[info.status]);
    dt_schedule_destroy(schedule);
    return 0;
}

/* Each run is an instance whose id begins with the schedule's name. Below 0: the call failed. */
static int count_runs(struct dt_client *client, const char *name, struct dt_error *error)
{
    char prefix[256];
    struct dt_page *page = NULL;
    struct dt_query query = DT_INIT(struct dt_query);
    snprintf(prefix, sizeof prefix, "%s-", name);
    query.id_prefix = prefix;
    query.statuses = DT_STATUS_BIT(DT_INSTANCE_COMPLETED);
    if (dt_client_query(client, &query, &page, error) != DT_OK)
        return -1;
    int count = (int)dt_page_count(page);
    dt_page_destroy(page);
    return count;
}

static int wait_for_runs(struct dt_client *client, const char *name, int wanted, struct dt_error *error)
{
    for (int waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 100) {
        int count = count_runs(client, name, error);
        if (count < 0)
            return 1;
        if (count >= wanted) {
            printf("ran %d times\n", wanted);
            return 0;
        }
        struct timespec pause = {0, 100000000};
        nanosleep(&pause, NULL);
    }
    printf("ran %d times only\n", count_runs(client, name, error));
    return 1;
}

static int ask(const struct dt_connect_options *connect, int argc, char **argv, struct dt_error *error)
{
    struct dt_client *client = NULL;
    int result = 2;
    if (dt_client_create(connect, &client, error) != DT_OK)
        return 1;
    const char *command = argc > 3 ? argv[2] : "";
    if (argc == 5 && strcmp(command, "create") == 0)
        result = create(client, argv[3], argv[4], error);
    else if (argc == 5 && strcmp(command, "wait") == 0)
        result = wait_for_runs(client, argv[3], atoi(argv[4]), error);
    else if (argc == 4 && strcmp(command, "pause") == 0)
        result = dt_client_pause_schedule(client, argv[3], WAIT_MS, error) != DT_OK;
    else if (argc == 4 && strcmp(command, "resume") == 0)
        result = dt_client_resume_schedule(client, argv[3], WAIT_MS, error) != DT_OK;
    else if (argc == 4 && strcmp(command, "delete") == 0)
        result = dt_client_delete_schedule(client, argv[3], WAIT_MS, error) != DT_OK;
    else if (argc == 4 && strcmp(command, "show") == 0)
        result = show(client, argv[3], error);
    dt_client_destroy(client);
    return result;
}

int main(int argc, char **argv)
{
    struct dt_connect_options connect = DT_INIT(struct dt_connect_options);
    struct dt_error error = {0};
    connect.connection_string = argc > 1 ? argv[1] : "";
    bool serves = argc == 3 && strcmp(argv[2], "worker") == 0;
    int result = serves ? serve(&connect, &error) : ask(&connect, argc, argv, &error);
    if (error.text[0])
        fprintf(stderr, "%s: %s\n", dt_status_name(error.status), error.text);
    else if (result == 2)
        fprintf(stderr,
                "usage: schedule CONNECTION_STRING worker | create NAME SECONDS | pause NAME | resume NAME | "
                "delete NAME | show NAME | wait NAME N\n");
    dt_worker_destroy(worker);
    return result;
}
