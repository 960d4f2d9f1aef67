/* SPDX-License-Identifier: MIT */
/* mcp.c — mcp: the Model Context Protocol over standard input and output, for clients that start a program. Each line is a
 * message; it is handed to the server's /mcp, and its answer is written as a line. Waits for decisions must not hold up what
 * comes after them, so a message that may wait is handed over by a thread of its own. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/limit_values.h"
#include "cmd/review/actions.h"

#define PATIENCE_MS 120000 /* of one message; the server waits for less */

/* Writing takes turns; so does the count of messages at work. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static size_t at_work;

struct relayed {
    const struct review_call *call;
    size_t size;
    char text[];
};

static void write_line(struct bytes line)
{
    pthread_mutex_lock(&turn);
    (void)fwrite(line.data, 1, line.size, stdout);
    (void)fputc('\n', stdout);
    (void)fflush(stdout);
    pthread_mutex_unlock(&turn);
}

/* The message was none of a server's: whoever waits for its answer is told. */
static void write_failure(const struct relayed *message, const struct server_answer *answer)
{
    CLEANUP(json_release) json_t *root = NULL;
    char text[400];
    if (json_parse(bytes_of(message->text, message->size), NULL, &root, NULL) != STATUS_OK)
        root = NULL;
    json_t *id = json_object_get(root, "id");
    if (root && !id)
        return;
    if (answer->http_status)
        (void)snprintf(text, sizeof text, "the server answered %ld", answer->http_status);
    else
        (void)snprintf(text, sizeof text, "the server could not be asked: %s", answer->cause);
    CLEANUP(json_release)
    json_t *told = json_pack("{s:s, s:O?, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id, "error", "code", -32603,
                             "message", text);
    char *line = told ? json_dumps(told, JSON_COMPACT) : NULL;
    if (line)
        write_line(bytes_of_cstr(line));
    free(line);
}

static void relay(const struct relayed *message)
{
    CLEANUP(server_answer_fini) struct server_answer answer = {0};
    const struct server_request request = {.method = "POST",
                                           .path = "/mcp",
                                           .content_type = "application/json",
                                           .body = bytes_of(message->text, message->size),
                                           .header = "Accept: application/json, text/event-stream",
                                           .patience_ms = PATIENCE_MS};
    server_ask(message->call->values, &request, &answer);
    if (answer.http_status == 200)
        write_line(buf_peek(&answer.body));
    else if (answer.http_status != 202)
        write_failure(message, &answer);
}

static void *run(void *context)
{
    relay(context);
    free(context);
    pthread_mutex_lock(&turn);
    at_work--;
    pthread_cond_signal(&ended);
    pthread_mutex_unlock(&turn);
    return NULL;
}

static void wait_for_less_than(size_t count)
{
    pthread_mutex_lock(&turn);
    while (at_work >= count)
        pthread_cond_wait(&ended, &turn);
    pthread_mutex_unlock(&turn);
}

/* Without a thread the message is handed over at once, and others wait. */
static void start(struct relayed *message)
{
    pthread_t thread;
    wait_for_less_than(MCP_MESSAGES_MAX);
    pthread_mutex_lock(&turn);
    at_work++;
    pthread_mutex_unlock(&turn);
    if (pthread_create(&thread, NULL, run, message) == 0)
        pthread_detach(thread);
    else
        (void)run(message);
}

int review_mcp(const struct review_call *call)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    while ((size = getline(&line, &capacity, stdin)) > 0) {
        while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
            size--;
        struct relayed *message = size > 0 ? malloc(sizeof *message + (size_t)size) : NULL;
        if (size > 0 && !message) {
            free(line);
            return review_no_memory(call);
        }
        if (!message)
            continue;
        message->call = call;
        message->size = (size_t)size;
        memcpy(message->text, line, (size_t)size);
        start(message);
    }
    free(line);
    wait_for_less_than(1);
    return EXIT_GOOD;
}
