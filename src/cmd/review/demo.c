/* SPDX-License-Identifier: MIT */
/* demo.c — demo: `sallyport dev` on a folder of its own, with requests that wait already. The server is a process of its own, as
 * everybody else's is; what is in it came by the API. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/review/actions.h"
#include "cmd/review/demo_requests.h"
#include "cmd/review/view.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define PROGRAM         "/proc/self/exe"
#define START_PATIENCE  (90 * NS_PER_S) /* until the server is ready */
#define RESULT_MS       90000
#define RESULT_REST     "?wait=60s&until=result"
#define READY_SIZE_MAX  ((size_t)64 << 10)
#define LOOK_AGAIN_USEC 50000

struct demo {
    const struct review_call *call;
    char folder[64];
    char ready_path[96];
    pid_t server;
    struct option_values values; /* of the command, with the server's address */
    struct review_call inner;
};

/* --- the server --- */

/* In a group of its own: what a terminal sends comes to this process alone, which ends it. */
static bool spawn_in_group(pid_t *ret_pid, char *const *arguments)
{
    posix_spawnattr_t attributes;
    if (posix_spawnattr_init(&attributes) != 0)
        return false;
    bool started = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP) == 0 &&
                   posix_spawnattr_setpgroup(&attributes, 0) == 0 &&
                   posix_spawn(ret_pid, PROGRAM, NULL, &attributes, arguments, environ) == 0;
    (void)posix_spawnattr_destroy(&attributes);
    return started;
}

static bool start_server(struct demo *demo)
{
    (void)snprintf(demo->folder, sizeof demo->folder, "/tmp/sallyport-demo-XXXXXX");
    if (!mkdtemp(demo->folder))
        return false;
    (void)snprintf(demo->ready_path, sizeof demo->ready_path, "%s/ready.json", demo->folder);
    char data[96], port[24];
    (void)snprintf(data, sizeof data, "%s/data", demo->folder);
    (void)snprintf(port, sizeof port, "%lld", (long long)setting_number(demo->call->values, "port"));
    char *const arguments[] = {(char *)"sallyport",
                               (char *)"dev",
                               (char *)"--port",
                               port,
                               (char *)"--data",
                               data,
                               (char *)"--ready-file",
                               demo->ready_path,
                               NULL};
    return spawn_in_group(&demo->server, arguments);
}

/* The address from the ready file; NULL: the server ended, or is not there in time. The caller frees it. */
static char *await_server(const struct demo *demo)
{
    int64_t until_ns = clock_monotonic_ns() + START_PATIENCE;
    while (clock_monotonic_ns() < until_ns && waitpid(demo->server, NULL, WNOHANG) == 0) {
        CLEANUP(buf_fini) struct buf text = {0};
        CLEANUP(json_release) json_t *ready = NULL;
        if (server_read_file(demo->ready_path, READY_SIZE_MAX, &text) &&
            json_parse(buf_peek(&text), NULL, &ready, NULL) == STATUS_OK) {
            const char *url = json_member_text(ready, "url");
            return url ? strdup(url) : NULL;
        }
        usleep(LOOK_AGAIN_USEC);
    }
    return NULL;
}

/* --- the requests --- */

static json_t *submission(const struct demo_request *request)
{
    return json_pack("{s:s, s:s, s:s, s:s*, s:{s:s}}", "code", request->code, "purpose", request->purpose,
                     "submittedBy", request->by, "gate", request->gate, "labels", "demo", "yes");
}

/* Changes are asked for, and the next revision is handed in. */
static int revise(const struct demo *demo, const char *id, const struct demo_request *request)
{
    CLEANUP(json_release) json_t *shown = NULL;
    CLEANUP(json_release) json_t *voted = NULL;
    CLEANUP(json_release) json_t *revised = NULL;
    CLEANUP(buf_fini) struct buf look = {0}, votes = {0}, revisions = {0};
    if (!review_path(&demo->inner, id, RESULT_REST, &look) ||
        !review_path(&demo->inner, id, "/votes", &votes) ||
        !review_path(&demo->inner, id, "/revisions", &revisions))
        return EXIT_FAILED;
    int code = review_get(&demo->inner, (const char *)look.data, RESULT_MS, &shown);
    if (code == EXIT_GOOD)
        code = review_post(&demo->inner, (const char *)votes.data,
                           json_pack("{s:s, s:s}", "answer", "changes", "comment", request->changes), &voted);
    if (code == EXIT_GOOD)
        code = review_post(&demo->inner, (const char *)revisions.data,
                           json_pack("{s:s, s:s}", "code", request->revision, "comment", "as you asked"),
                           &revised);
    return code;
}

static int submit_all(const struct demo *demo)
{
    int code = EXIT_GOOD;
    for (size_t i = 0; code == EXIT_GOOD && demo_requests[i].code; i++) {
        const struct demo_request *request = &demo_requests[i];
        CLEANUP(json_release) json_t *answer = NULL;
        code = review_post(&demo->inner, "/v1/requests", submission(request), &answer);
        const char *id = json_member_text(answer, "id");
        if (code == EXIT_GOOD && request->revision && id)
            code = revise(demo, id, request);
    }
    return code;
}

/* --- the command --- */

/* ORDER: an interrupt reaches both; the server stops in its order, and this process goes after it. */
static int await_end(const struct demo *demo)
{
    int status = 0;
    while (waitpid(demo->server, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}

static pid_t signalled; /* the server, for the handler */

static void end_server(int number)
{
    (void)kill(signalled, SIGTERM);
}

/* The folder of a demonstration is nobody's data: it goes with it. */
static void remove_folder(const struct demo *demo)
{
    char folder[sizeof demo->folder];
    (void)snprintf(folder, sizeof folder, "%s", demo->folder);
    char *const arguments[] = {(char *)"rm", (char *)"-rf", (char *)"--", folder, NULL};
    pid_t pid;
    if (posix_spawnp(&pid, "rm", NULL, NULL, arguments, environ) == 0)
        (void)waitpid(pid, NULL, 0);
}

static int fill(struct demo *demo, char *url)
{
    size_t at = (size_t)(option_get(demo->call->values, "url") - demo->call->values->at);
    demo->values = *demo->call->values;
    demo->values.at[at].text = url;
    demo->inner = (struct review_call){demo->call->command, &demo->values};
    return submit_all(demo);
}

int review_demo(const struct review_call *call)
{
    struct demo demo = {.call = call};
    if (!start_server(&demo))
        return server_failed(call->command, EXIT_FAILED, "the server cannot be started", NULL);
    signalled = demo.server;
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        (void)signal(ends[i], end_server);
    char *url = await_server(&demo);
    int code = url ? fill(&demo, url)
                   : server_failed(call->command, EXIT_FAILED, "the server did not become ready", NULL);
    if (code == EXIT_GOOD)
        fprintf(stderr, "requests wait at %s\n", url);
    else
        (void)kill(demo.server, SIGTERM);
    int end = await_end(&demo);
    free(url);
    remove_folder(&demo);
    return code == EXIT_GOOD ? end : code;
}
