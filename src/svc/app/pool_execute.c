/* SPDX-License-Identifier: MIT */
/* pool_execute.c — one run in a pool. At a pool that is ours two more requests may stand beside it on its line: one that follows
 * its output, for as long as somebody reads, and one that cancels it. All three are driven by the run's thread.
 *
 *   run ───────────────────────────────────────────────► answer
 *         └─ follow (again after a pause, from where it was, until the run is over)
 *         └─ cancel (again after a pause, until the pool knows of the run) ─► the run's own answer, or its patience ends */
#include "svc/app/pool_execute.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "os/clock.h"
#include "svc/app/limit_values.h"
#include "svc/app/pool_exchange.h"
#include "wire/http1/sse_reader.h"
#include "wire/json/json.h"

#define EXECUTE_VERSION "2024-02-02-preview"
#define OWN_VERSION     "2025-02-02-preview"
#define TEMPLATE_HEADER "Sallyport-Template"
#define SESSION_HEADER  "x-ms-session-guid"
#define STEP_MS         1000
#define AGAIN_MS        200 /* before a request beside the run is made again */
#define ROUTE_SIZE      200
#define PLACE_SIZE      48 /* bytes of "OUT,ERR" with its NUL */
#define PLACE_BEGIN     "0,0"

/* A request beside the run. */
struct side_request {
    struct pool_exchange exchange;
    bool open;
    int64_t next_ns; /* not before; 0: at once */
};

struct pool_drive {
    const struct pool_client *client;
    const struct pool_execution *execution;
    struct pool_exchange run;
    struct side_request output, cancel;
    struct sse_reader events;
    char place[PLACE_SIZE];  /* of the output, where it goes on */
    uint64_t reader;         /* whom it is for; 0: nobody */
    bool output_over;        /* the pool has no more for them */
    int64_t cancel_until_ns; /* 0: nobody has cancelled */
};

/* --- the run itself --- */

/* {"properties":{"codeInputType":"inline","executionType":"synchronous","code":…[,"timeoutInSeconds":…]}} */
static char *execute_body(const struct pool_client *client, struct bytes code)
{
    json_t *properties = json_pack("{s:s, s:s, s:o*}", "codeInputType", "inline", "executionType",
                                   "synchronous", "code", json_stringn((const char *)code.data, code.size));
    if (!json_object_get(properties, "code")) {
        json_decref(properties);
        return NULL;
    }
    if (client->run_timeout_ns)
        json_object_set_new(properties, "timeoutInSeconds",
                            json_integer((client->run_timeout_ns + NS_PER_S - 1) / NS_PER_S));
    json_t *root = json_pack("{s:o}", "properties", properties);
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

/* Which template the session was made from, in the pool's header. */
static void read_template(CURL *curl, struct pool_run *run)
{
    struct curl_header *header;
    if (curl_easy_header(curl, TEMPLATE_HEADER, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return;
    struct bytes value = bytes_of_cstr(header->value);
    if (value.size < sizeof run->template_id && bytes_utf8_valid(value))
        memcpy(run->template_id, value.data, value.size);
}

/* Which session it was, likewise. It goes into a header of the step that may follow. */
static void read_session(CURL *curl, struct pool_run *run)
{
    struct curl_header *header;
    if (curl_easy_header(curl, SESSION_HEADER, 0, CURLH_HEADER, -1, &header) == CURLHE_OK &&
        strlen(header->value) == POOL_GUID_SIZE - 1 &&
        strspn(header->value, "0123456789abcdefABCDEF-") == POOL_GUID_SIZE - 1)
        (void)snprintf(run->session_guid, sizeof run->session_guid, "%s", header->value);
}

/* --- requests beside it --- */

static enum status begin_side(struct pool_drive *drive, struct side_request *side,
                              const struct pool_question *question)
{
    struct err ignored = {0};
    enum status status = pool_exchange_open(&side->exchange, drive->client, question, &drive->run, &ignored);
    if (status != STATUS_OK)
        return status;
    side->open = true;
    return pool_exchange_begin(&side->exchange, &ignored);
}

/* Ends it, and says what came of it. */
static enum status end_side(struct side_request *side)
{
    struct err ignored = {0};
    if (!side->open)
        return STATUS_OK;
    enum status status = pool_exchange_end(&side->exchange, &ignored);
    pool_exchange_fini(&side->exchange);
    side->open = false;
    return status;
}

static void pause_side(struct side_request *side)
{
    (void)end_side(side);
    side->next_ns = clock_monotonic_ns() + AGAIN_MS * NS_PER_MS;
}

static bool is_due(const struct side_request *side)
{
    return !side->open && clock_monotonic_ns() >= side->next_ns;
}

/* "executions/ID" and what follows. */
static void route_of(const struct pool_drive *drive, const char *rest, char ret_route[ROUTE_SIZE])
{
    (void)snprintf(ret_route, ROUTE_SIZE, "executions/%s%s", drive->execution->operation, rest);
}

/* --- its output --- */

static void on_event(void *context, const struct sse_event *event)
{
    struct pool_drive *drive = context;
    const struct pool_watch *watch = drive->execution->watch;
    bool is_stderr = bytes_equal_cstr(event->name, "stderr");
    if (drive->output_over)
        return;
    if (event->id.size < sizeof drive->place)
        (void)snprintf(drive->place, sizeof drive->place, "%.*s", BYTES_FMT(event->id));
    if (bytes_equal_cstr(event->name, "gap") || bytes_equal_cstr(event->name, "reset"))
        drive->output_over = true; /* what was passed on is not all kept: the result will say what is */
    if (!is_stderr && !bytes_equal_cstr(event->name, "stdout"))
        return;
    CLEANUP(json_release) json_t *root = pool_exchange_json(event->data);
    struct bytes text = json_member_bytes(root, "text");
    if (text.size > 0)
        watch->on_output(watch->context, is_stderr, text);
}

static bool on_output(void *context, struct bytes data)
{
    struct pool_drive *drive = context;
    if (pool_exchange_http_status(&drive->output.exchange) != 200)
        return false;
    if (sse_reader_feed(&drive->events, data) != STATUS_OK)
        drive->output_over = true;
    return !drive->output_over;
}

static void follow(struct pool_drive *drive)
{
    char route[ROUTE_SIZE], more[PLACE_SIZE + 16];
    route_of(drive, "/output", route);
    (void)snprintf(more, sizeof more, "&from=%s", drive->place);
    const struct pool_question question = {
        .route = route, .version = OWN_VERSION, .identifier = drive->execution->identifier, .more = more};
    sse_reader_fini(&drive->events);
    sse_reader_init(&drive->events, APP_POOL_EVENT_SIZE_MAX, on_event, drive);
    if (begin_side(drive, &drive->output, &question) != STATUS_OK) {
        pause_side(&drive->output);
        return;
    }
    drive->output.exchange.on_data = on_output;
    drive->output.exchange.context = drive;
}

/* Another reader, or none: what was on its way is for nobody. */
static void change_reader(struct pool_drive *drive, uint64_t reader)
{
    (void)end_side(&drive->output);
    drive->output.next_ns = 0;
    drive->reader = reader;
    drive->output_over = false;
    (void)snprintf(drive->place, sizeof drive->place, PLACE_BEGIN);
}

static void see_to_output(struct pool_drive *drive)
{
    const struct pool_watch *watch = drive->execution->watch;
    uint64_t reader = watch->reader ? watch->reader(watch->context) : 0;
    if (reader != drive->reader)
        change_reader(drive, reader);
    if (drive->output.open && !drive->output.exchange.running)
        pause_side(&drive->output); /* its connection ended, or the pool did not know of the run yet */
    if (reader && !drive->output_over && is_due(&drive->output))
        follow(drive);
}

/* --- its cancelling --- */

static void cancel(struct pool_drive *drive)
{
    char route[ROUTE_SIZE];
    route_of(drive, "/cancel", route);
    const struct pool_question question = {.route = route,
                                           .version = OWN_VERSION,
                                           .identifier = drive->execution->identifier,
                                           .method = "POST",
                                           .body = BYTES_LITERAL(""),
                                           .timeout_ms = APP_POOL_REACH_TIMEOUT_MS};
    if (begin_side(drive, &drive->cancel, &question) != STATUS_OK)
        pause_side(&drive->cancel);
}

/* False: patience is at its end. */
static bool see_to_cancel(struct pool_drive *drive)
{
    if (!drive->cancel_until_ns) {
        drive->cancel_until_ns = clock_monotonic_ns() + APP_POOL_CANCEL_PATIENCE_NS;
        cancel(drive);
        return true;
    }
    if (drive->cancel.open && !drive->cancel.exchange.running) {
        enum status status = end_side(&drive->cancel);
        drive->cancel.next_ns = status == STATUS_OK ? INT64_MAX : clock_monotonic_ns() + AGAIN_MS * NS_PER_MS;
    }
    if (is_due(&drive->cancel))
        cancel(drive);
    return clock_monotonic_ns() < drive->cancel_until_ns;
}

/* --- all of it --- */

/* False: it is broken off. */
static bool look_around(struct pool_drive *drive)
{
    const struct pool_watch *watch = drive->execution->watch;
    enum pool_wish wish = watch->wish(watch->context);
    bool own = drive->execution->operation != NULL;
    if (wish == POOL_BREAK_OFF || (wish == POOL_STOP && !own))
        return false;
    if (own)
        see_to_output(drive);
    return wish != POOL_STOP || see_to_cancel(drive);
}

static int wait_of(const struct pool_drive *drive)
{
    bool soon = (!drive->output.open && drive->output.next_ns > 0 && !drive->output_over) ||
                (drive->cancel_until_ns && !drive->cancel.open);
    return soon ? AGAIN_MS : STEP_MS;
}

static enum status run_to_end(struct pool_drive *drive, struct err *err)
{
    const struct pool_watch *watch = drive->execution->watch;
    enum status status = pool_exchange_begin(&drive->run, err);
    if (watch && watch->on_line)
        watch->on_line(watch->context, drive->run.line);
    while (status == STATUS_OK && drive->run.running) {
        if (watch && !look_around(drive))
            break;
        pool_exchange_step(&drive->run, wait_of(drive));
    }
    if (watch && watch->on_line)
        watch->on_line(watch->context, NULL);
    (void)end_side(&drive->output);
    (void)end_side(&drive->cancel);
    sse_reader_fini(&drive->events);
    if (status != STATUS_OK)
        return status;
    return pool_exchange_end(&drive->run, err);
}

enum status pool_execute(const struct pool_client *client, const struct pool_execution *execution,
                         struct pool_run *ret_run, struct err *err)
{
    int64_t patience_ns = (client->run_timeout_ns ? client->run_timeout_ns : APP_POOL_RUN_TIMEOUT_NS) +
                          APP_POOL_ALLOCATION_TIMEOUT_NS;
    char *body = execute_body(client, execution->code);
    if (!body)
        return err_set(err, STATUS_INVALID_ARGUMENT, "the code is not valid UTF-8");
    const struct pool_question question = {.route = "code/execute",
                                           .version = EXECUTE_VERSION,
                                           .identifier = execution->identifier,
                                           .more = execution->operation ? "&report=sallyport" : NULL,
                                           .operation = execution->operation,
                                           .session_guid = execution->session_guid,
                                           .body = bytes_of_cstr(body),
                                           .timeout_ms = patience_ns / NS_PER_MS};
    struct pool_drive drive = {.client = client, .execution = execution, .place = PLACE_BEGIN};
    enum status status = pool_exchange_open(&drive.run, client, &question, NULL, err);
    if (status != STATUS_OK) {
        free(body);
        return status;
    }
    *ret_run = (struct pool_run){.succeeded = false};
    status = run_to_end(&drive, err);
    if (status == STATUS_OK)
        status = pool_answer_read(buf_peek(&drive.run.response), execution->operation != NULL, ret_run, err);
    if (status == STATUS_OK) {
        read_template(drive.run.curl, ret_run);
        read_session(drive.run.curl, ret_run);
    } else {
        pool_run_fini(ret_run);
    }
    pool_exchange_fini(&drive.run);
    free(body);
    return status;
}
