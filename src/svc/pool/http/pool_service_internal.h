/* SPDX-License-Identifier: MIT */
/* pool_service_internal.h — what the files of the pool's HTTP side share; nobody else includes it. */
#ifndef SVC_POOL_HTTP_POOL_SERVICE_INTERNAL_H
#define SVC_POOL_HTTP_POOL_SERVICE_INTERNAL_H

#include "svc/pool/files/session_files.h"
#include "svc/pool/http/pool_service.h"
#include "svc/pool/pool.h"

#define JSON_TYPE "application/json; charset=utf-8" /* AutoGen refuses JSON under any other media type */

#define LEGACY_ID_SIZE_MAX 16 /* bytes of a "$id" */
#define ETAG_SIZE_MAX      64 /* bytes of "0--<guid>" with its NUL */

/* The generation that an api-version belongs to, in order of time. */
enum api_generation {
    API_LEGACY,       /* up to 2024-08-02-preview */
    API_CURRENT_2024, /* 2024-10-02-preview: finished work is answered 202 */
    API_CURRENT_2025, /* later: 200 */
};

struct pool_service {
    struct loop *loop;
    struct pool *pool;
    struct pool_service_options options;
    char name[64];
    char versions[256]; /* all api-versions, for people */
    int64_t created_unix_ns;
    struct buf metadata;          /* the answer of /metadata once it is known */
    struct list metadata_waiters; /* of struct metadata_wait */
    bool metadata_asked;
    struct list streams; /* of output_stream.c */
    size_t output_streams;
    struct loop_timer heartbeat; /* set while there is a stream */
    void (*on_up)(void *context);
    void *on_up_context;
};

/* One request, in its own arena. */
struct pool_call {
    struct pool_service *service;
    struct http_request *request;
    struct bytes name; /* the value in the path, decoded once; data NULL without one */
    enum api_generation generation;
    struct bytes version;
    struct bytes identifier; /* valid; empty on routes without one */
};

/* --- routes (pool_routes.c) --- */
extern const struct http_route pool_routes[];
extern const size_t pool_route_count;

/* --- pool_versions.c --- */
/* "2023-08-01-preview, …". */
void pool_versions_text(char *ret_text, size_t size);
/* Reads which version the call asks for. False: none that there is, and that is answered. */
bool pool_versions_take(struct pool_call *call);

/* --- calls and answers (pool_call.c) --- */
/* Any request that names a session postpones its end, also one that is refused for another reason. False: it
 * names none that there could be. */
bool pool_call_touch(struct pool_call *call);
/* The contract's name for an HTTP status. */
const char *pool_error_code(int http_status);
/* The published shape of an error; `bare` repeats code and message outside for a client that reads them
 * there. */
void pool_write_error(struct buf *out, const char *code, const char *message, bool bare);
/* {"error":{"code","message","traceId"}} and x-ms-error-code. Ends the exchange. */
void pool_call_fail(struct pool_call *call, int http_status, const char *code, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
/* The answer for a status of the pool: full, lost, out of memory. */
void pool_call_fail_status(struct pool_call *call, enum status status, const struct err *err);
/* 429 in the shape that clients know from it: code and message also outside of `error`. Come again. */
void pool_call_fail_busy(struct pool_call *call, const char *code, const char *message);
/* The finished JSON in `body`, or 500 if it could not be written. Ends the exchange. */
void pool_call_reply(struct pool_call *call, int http_status, const struct buf *body);
/* Adds a response header; a value that cannot be one is left out. */
void pool_call_header(struct pool_call *call, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* A query parameter, decoded once with '+' as '+', since some clients paste raw. data NULL if absent. */
struct bytes pool_call_query(struct pool_call *call, const char *name);
/* The execution that the path names; answers 404 and returns NULL if there is none. */
struct execution *pool_call_find_execution(struct pool_call *call);
/* The caller wants Sallyport's own members in the answer. */
bool pool_call_wants_report(struct pool_call *call);
/* The tenant for a call that may allocate; answers and returns NULL if there can be none. */
struct tenant *pool_call_enter(struct pool_call *call);
void pool_write_time(char ret_text[TIME_TEXT_SIZE_MAX], int64_t unix_ns);

/* --- the routes; each answers now or later --- */
void pool_handle_code_execute(struct pool_call *call); /* executions.c */
void pool_handle_python_execute(struct pool_call *call);
void pool_handle_executions(struct pool_call *call);
void pool_handle_execution(struct pool_call *call);
void pool_handle_cancel(struct pool_call *call);
void pool_handle_output(struct pool_call *call); /* output_stream.c */
/* Keeps the open streams of output alive; the timer is a service's `heartbeat`. */
void output_stream_heartbeat(struct loop_timer *timer);
void pool_handle_session_get(struct pool_call *call); /* sessions.c */
void pool_handle_session_delete(struct pool_call *call);
void pool_handle_list_sessions(struct pool_call *call);
void pool_handle_stop_session(struct pool_call *call);
void pool_handle_metadata(struct pool_call *call); /* metadata.c */
void pool_handle_about(struct pool_call *call);
void pool_handle_files_post(struct pool_call *call); /* files_upload.c */
void pool_handle_files_upload(struct pool_call *call);
void pool_handle_files_get(struct pool_call *call); /* files_list.c */
void pool_handle_file_get(struct pool_call *call);
void pool_handle_file_content(struct pool_call *call); /* files_download.c */
void pool_handle_file_delete(struct pool_call *call);  /* files_call.c */

/* --- calls on the files of a session (files_call.c) --- */
struct file_call {
    struct pool_call *call;
    struct session_wait wait;
    struct tenant *tenant; /* until `run` */
    struct tenant_hold hold;
    struct loop_task next;
    /* The session is there. Takes its steps and answers; while it goes on over several turns it has a hold,
     * and `step` is called in the next one. */
    void (*run)(struct file_call *call, int root_fd);
    void (*step)(struct file_call *call);
    /* Frees what the call holds, whatever its state; the caller left or the session is gone. */
    void (*drop)(struct file_call *call);
    const char *path; /* set by file_call_path */
    bool streaming;   /* the answer has begun */
};

/* The file that the route and the query name; answers 400 and returns false if it cannot be one. */
bool file_call_path(struct pool_call *call, struct bytes name, const char **ret_path);
/* Gets the session and calls `run`. `call` is the first member of the caller's own struct, in the request's
 * arena, with call, run, step and drop set. */
void file_call_begin(struct file_call *call);
/* Has `step` called in the next turn. */
void file_call_continue(struct file_call *call);
/* The answer when the session ended under it; `cause`: why, "" if that is not known. */
void file_call_lost(struct file_call *call, const char *cause);
/* Ends its stay in the session; to be called before every answer that is not given within `run`. */
void file_call_end(struct file_call *call);
/* The answer for a status of session_files.h. */
void file_call_fail(struct pool_call *call, enum status status, const struct err *err);
/* Members of one file in the shape of the contract: an object. `id` counts "$id" up. */
struct json_writer;
void file_write_legacy(struct json_writer *json, int *id, const char *name, const struct file_info *info);
void file_write_current(struct json_writer *json, int *id, const char *name, const char *directory,
                        const struct file_info *info);

#endif
