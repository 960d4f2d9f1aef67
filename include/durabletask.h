/* SPDX-License-Identifier: MIT */
/* durabletask.h — libdurabletask: Durable Task orchestrations in C.
 *
 * A client starts orchestrations and talks to them; a worker runs orchestrator functions and activities. Both
 * speak the gRPC protocol of the Durable Task SDKs (service TaskHubSidecarService), so they work against
 * Sallyport's scheduler, the managed Durable Task Scheduler and its emulator.
 *
 * Conventions
 * - Every fallible function returns `enum dt_status` (DT_OK is 0). Detail for people goes into a caller's
 *   `struct dt_error *`, which may always be NULL. Nothing is kept in global or thread-local storage.
 * - Outputs come last, are named `ret_…`, and are untouched on failure.
 * - Strings are NUL-terminated UTF-8. Parameters are borrowed for the call and copied where they are kept;
 *   "NULL allowed" is said where it is. Payloads (inputs, results, event data, custom status) are opaque to
 * this library; by convention of all Durable Task SDKs they are JSON texts. NULL means absent, which is not
 * "".
 * - Instants are `int64_t` nanoseconds since 1970-01-01 UTC (suffix `_ns`); durations are `int64_t`
 *   milliseconds (suffix `_ms`).
 * - Option structures begin with `size_t size`, to be set to sizeof of the structure; DT_INIT(type) makes
 * one. Members that this library's version does not know are ignored; members the caller's version does not
 * know count as zero, and zero is each member's default.
 * - A client or worker starts one input/output thread. Any other thread may use a `struct dt_client` at the
 * same time as others. A `struct dt_context`, its tasks and a `struct dt_activity` belong to the function
 * they were given to and to its thread. Objects do not survive fork() in the child.
 * - Functions marked "since 0.1" exist since the first version; so do all without a mark.
 */
#ifndef DURABLETASK_H
#define DURABLETASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define DT_API               __attribute__((visibility("default")))
#define DT_MUST_USE          __attribute__((warn_unused_result))
#define DT_NORETURN          __attribute__((noreturn))
#define DT_PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#else
#define DT_API
#define DT_MUST_USE
#define DT_NORETURN
#define DT_PRINTF_LIKE(f, a)
#endif

#define DT_VERSION_MAJOR 0
#define DT_VERSION_MINOR 1
#define DT_VERSION_PATCH 0

/* "0.1.0": the version of the library that is linked, not of the header. Never NULL, static. Any thread. */
DT_API const char *dt_library_version(void);

/* ---------------------------------------------------------------------------------------- results and errors
 */

/* 0..16 are gRPC's status codes with the service's meaning; from 100 on they are this library's own. */
enum dt_status {
    DT_OK = 0,
    DT_CANCELLED = 1, /* the client or worker was destroyed, or a call was cancelled by the service */
    DT_UNKNOWN = 2,   /* the service failed without saying how */
    DT_INVALID_ARGUMENT =
        3, /* a parameter is refused by this library or by the service; the text says which */
    DT_DEADLINE_EXCEEDED = 4,   /* the time-out of the call passed */
    DT_NOT_FOUND = 5,           /* no such instance or task hub */
    DT_ALREADY_EXISTS = 6,      /* an instance with this id exists and may not be replaced */
    DT_PERMISSION_DENIED = 7,   /* the token is valid but has no right to this */
    DT_RESOURCE_EXHAUSTED = 8,  /* a limit of the service, or a message over `message_size_max` */
    DT_FAILED_PRECONDITION = 9, /* not possible in this state (also: a blocking call made from a callback) */
    DT_ABORTED = 10,
    DT_OUT_OF_RANGE = 11,
    DT_UNIMPLEMENTED = 12, /* the service has no such call */
    DT_INTERNAL = 13,      /* the service answered something that breaks the protocol */
    DT_UNAVAILABLE = 14,   /* no connection could be made in time, or it was lost and a retry is not safe */
    DT_DATA_LOSS = 15,
    DT_UNAUTHENTICATED = 16, /* no token, or the token callback failed */
    DT_NO_MEMORY = 100       /* an allocation failed; nothing has changed */
};

/* What went wrong, for people. Owned by the caller; need not be initialised. Never holds tokens or payloads.
 */
struct dt_error {
    enum dt_status status;
    char text[256]; /* NUL-terminated, one line */
};

/* The code's name, such as "NOT_FOUND"; "UNKNOWN" for a number that is none. Never NULL, static. Any thread.
 */
DT_API const char *dt_status_name(enum dt_status status);

/* A zeroed option structure with its size set: `struct dt_start_options o = DT_INIT(struct
 * dt_start_options);` */
#ifdef __cplusplus
} /* extern "C" */
template <class T> static inline T dt_init_()
{
    T t = T();
    t.size = sizeof(T);
    return t;
}
extern "C" {
#define DT_INIT(type) dt_init_<type>()
#else
#define DT_INIT(type)                                                                                        \
    {                                                                                                        \
        .size = sizeof(type)                                                                                 \
    }
#endif

/* Why an activity or an orchestration failed; mirrors TaskFailureDetails. As an input, all pointers are
 * copied. As an output it is owned by the object it came from and valid as long as that object. */
struct dt_failure {
    size_t size;
    const char *type;               /* class of failure, such as "TimeoutError"; NULL counts as "Error" */
    const char *message;            /* NULL counts as "" */
    const char *stack_trace;        /* NULL: absent */
    bool non_retriable;             /* retry policies stop here */
    const struct dt_failure *inner; /* NULL: none. At most 32 levels are kept */
};

/* A name-value pair attached to an orchestration or activity. Both not NULL. */
struct dt_tag {
    const char *key;
    const char *value;
};

/* -------------------------------------------------------------------------------------------------- logging
 */

enum dt_log_level { DT_LOG_DEBUG, DT_LOG_INFO, DT_LOG_WARN, DT_LOG_ERROR };

/* Receives one line without a newline, valid during the call. Called from any thread of the library, possibly
 * from several at once; must not call back into the library. */
typedef void dt_log_fn(enum dt_log_level level, const char *line, void *context);

/* ----------------------------------------------------------------------------------------------- connecting
 */

/* Gives a bearer token for `resource` (a scope such as "https://durabletask.io/.default"). Writes a
 * NUL-terminated token of at most `capacity` bytes, NUL included, into `ret_token` and, if it knows, the time
 * of its expiry into `*ret_expires_ns` (0, as given: use it for 10 minutes). Tokens are asked for again five
 * minutes before they expire. Any status but DT_OK fails the calls that need the token with
 * DT_UNAUTHENTICATED. Called on the library's input/output thread, which stands still meanwhile; must not
 * call into the same client or worker. */
typedef enum dt_status dt_token_fn(const char *resource, char *ret_token, size_t capacity,
                                   int64_t *ret_expires_ns, void *context);

/* Where the service is and who we are. Give `connection_string`, or `endpoint` and `task_hub`; single members
 * override the connection string's values.
 *
 * Connection string: `key=value` pairs joined by ';', keys in any case, blanks trimmed, empty pairs ignored,
 * a value may hold '='. Keys: Endpoint (URL; without a scheme https:// is meant), TaskHub, Authentication;
 * others are accepted and ignored. A first part that is a bare URL or host counts as the Endpoint, so that
 * `https://host;Authentication=None;TaskHub=h` works as well. Authentication=None needs nothing more; with
 * any other value a `token` callback is required. http:// (or grpc://) endpoints are HTTP/2 in clear text
 * with prior knowledge; https:// (or grpcs://) use TLS 1.2 or later, verify the certificate and the host
 * name, and negotiate "h2". Default ports 80 and 443. */
struct dt_connect_options {
    size_t size;
    const char *connection_string; /* NULL allowed */
    const char *endpoint;          /* NULL allowed */
    const char *task_hub;          /* NULL allowed; sent as metadata `taskhub` */
    dt_token_fn *token;            /* NULL allowed; is used whenever it is given */
    void *token_context;
    const char *token_resource; /* NULL: "https://durabletask.io/.default" */
    const char *ca_file;        /* PEM file of trusted roots; NULL: the system's */
    int64_t connect_timeout_ms; /* for one attempt, TLS included; 0: 10 000 */
    int64_t call_timeout_ms;    /* for a call with all its retries, waits excepted; 0: 30 000 */
    int64_t retry_first_ms;  /* upper bound of the first random pause between tries; 0: 200, workers 1 000 */
    int64_t retry_max_ms;    /* to which it doubles; 0: 5 000, workers 30 000 */
    size_t message_size_max; /* bytes of one received message; 0: 64 MiB */
    dt_log_fn *log;          /* NULL: silent */
    void *log_context;
    enum dt_log_level log_level; /* least level that is formatted; 0: DT_LOG_DEBUG */
};

/* --------------------------------------------------------------------------------------------------- client
 */

/* Numbers of OrchestrationStatus. Completed, failed, cancelled and terminated are final. */
enum dt_instance_status {
    DT_INSTANCE_RUNNING = 0,
    DT_INSTANCE_COMPLETED = 1,
    DT_INSTANCE_CONTINUED_AS_NEW = 2, /* never seen on an instance */
    DT_INSTANCE_FAILED = 3,
    DT_INSTANCE_CANCELLED = 4,
    DT_INSTANCE_TERMINATED = 5,
    DT_INSTANCE_PENDING = 6,
    DT_INSTANCE_SUSPENDED = 7
};

/* "running", "completed", …; "unknown" for another number. Never NULL, static. Any thread. */
DT_API const char *dt_instance_status_name(enum dt_instance_status status);
/* True for completed, failed, cancelled and terminated. Any thread. */
DT_API bool dt_instance_status_final(enum dt_instance_status status);
/* The bit of a status in a set such as `struct dt_query.statuses`. */
#define DT_STATUS_BIT(status) (1u << (status))

struct dt_client;   /* one connection to one task hub; reconnects by itself */
struct dt_instance; /* a snapshot of an orchestration instance */
struct dt_page;     /* one page of a query */
struct dt_history;  /* the history of an instance */
struct dt_reply;    /* the outcome of an asynchronous call */

/* Makes a client and starts its thread; connects when the first call is made.
 * `o`: not NULL, see above. `ret_client`: destroy with dt_client_destroy.
 * DT_INVALID_ARGUMENT: no endpoint or task hub, a malformed connection string or URL, an authentication that
 * needs a token callback, an unreadable ca_file. DT_NO_MEMORY. DT_INTERNAL: the system refuses a thread or
 * pipe. */
DT_API DT_MUST_USE enum dt_status dt_client_create(const struct dt_connect_options *o,
                                                   struct dt_client **ret_client, struct dt_error *e);
/* Ends all calls in progress with DT_CANCELLED (their callbacks run before this returns), closes the
 * connection and frees the client. NULL allowed. Not from a callback of this client, and not while another
 * thread uses it. */
DT_API void dt_client_destroy(struct dt_client *client);

/* Calls retry by themselves while the service is unreachable or busy (UNAVAILABLE), with exponential back-off
 * and jitter, until their time-out. A call whose request may have reached the service before the connection
 * broke is retried only if doing it twice is the same as doing it once; RaiseEvent is not, and gives
 * DT_UNAVAILABLE.
 *
 * Each call exists twice. The blocking form must not be used from a callback (DT_FAILED_PRECONDITION). The
 * asynchronous form returns DT_OK if `on_reply` will be called, exactly once; else it was not started and
 * `on_reply` is never called. `on_reply` runs on the client's input/output thread, must not block, may start
 * further asynchronous calls, and may be called before the starting function has returned. The reply is valid
 * during the callback.
 *
 * Statuses of every call, besides those named with it: DT_OK; DT_INVALID_ARGUMENT (a NULL or malformed
 * parameter, here or at the service); DT_NOT_FOUND (unknown task hub); DT_DEADLINE_EXCEEDED; DT_UNAVAILABLE;
 * DT_UNAUTHENTICATED; DT_PERMISSION_DENIED; DT_RESOURCE_EXHAUSTED; DT_UNIMPLEMENTED; DT_INTERNAL;
 * DT_CANCELLED; DT_NO_MEMORY. */
typedef void dt_on_reply(const struct dt_reply *reply, void *context);

/* How the call ended. Any callback thread. */
DT_API enum dt_status dt_reply_status(const struct dt_reply *reply);
/* One line for people; "" on DT_OK. Never NULL; valid during the callback. */
DT_API const char *dt_reply_text(const struct dt_reply *reply);
/* start: the instance's id. NULL otherwise or on failure. Valid during the callback. */
DT_API const char *dt_reply_instance_id(const struct dt_reply *reply);
/* get, wait_start, wait_completion: the instance. NULL otherwise or on failure. Valid during the callback. */
DT_API const struct dt_instance *dt_reply_instance(const struct dt_reply *reply);
/* query: the page. NULL otherwise or on failure. Valid during the callback. */
DT_API const struct dt_page *dt_reply_page(const struct dt_reply *reply);
/* history: the events. NULL otherwise or on failure. Valid during the callback. */
DT_API const struct dt_history *dt_reply_history(const struct dt_reply *reply);
/* purge: how many instances were deleted, and (`ret_complete`, NULL allowed) whether all that matched are
 * gone. 0 otherwise. */
DT_API int32_t dt_reply_purged(const struct dt_reply *reply, bool *ret_complete);

/* What may happen to an instance that already has the id. */
enum dt_reuse {
    DT_REUSE_FINAL =
        0, /* no policy is sent: a final instance is replaced, a live one gives DT_ALREADY_EXISTS */
    DT_REUSE_LISTED = 1 /* replace it if its status is in `replaceable`, else DT_ALREADY_EXISTS */
};

struct dt_start_options {
    size_t size;
    const char *instance_id;   /* 1..100 characters; NULL or "": a new GUID */
    const char *version;       /* NULL: unversioned, which is not "" */
    const char *input;         /* NULL: none */
    const struct dt_tag *tags; /* NULL if tag_count is 0 */
    size_t tag_count;
    int64_t start_at_ns; /* 0: now */
    enum dt_reuse reuse;
    unsigned replaceable; /* DT_STATUS_BITs, for DT_REUSE_LISTED. A set with pending, running or suspended
                             must hold terminated too */
};

/* Size of an instance id that this library or the service makes, with its NUL; ids given by the caller may be
 * longer. */
#define DT_INSTANCE_ID_SIZE 128 /* bytes */

/* Starts an orchestration (StartInstance). `name`: not NULL, not empty. `o`: NULL for defaults.
 * `ret_instance_id`: NULL allowed; the id is cut if it does not fit, which the service's limit of 100
 * characters prevents. DT_ALREADY_EXISTS: see `reuse`. Any thread. */
DT_API DT_MUST_USE enum dt_status dt_client_start(struct dt_client *client, const char *name,
                                                  const struct dt_start_options *o,
                                                  char ret_instance_id[DT_INSTANCE_ID_SIZE],
                                                  struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_start_async(struct dt_client *client, const char *name,
                                                        const struct dt_start_options *o,
                                                        dt_on_reply *on_reply, void *context);

/* Reads an instance (GetInstance). `payloads`: also input, output, custom status and failure. `ret_instance`:
 * free with dt_instance_destroy. DT_NOT_FOUND: no such instance. Any thread. */
DT_API DT_MUST_USE enum dt_status dt_client_get(struct dt_client *client, const char *instance_id,
                                                bool payloads, struct dt_instance **ret_instance,
                                                struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_get_async(struct dt_client *client, const char *instance_id,
                                                      bool payloads, dt_on_reply *on_reply, void *context);

/* Waits until the instance has left "pending" (WaitForInstanceStart), or until it is final
 * (WaitForInstanceCompletion). Lost connections are made again without an end of the wait. An unknown id is
 * waited for as well. `timeout_ms`: below 0 waits without an end; 0 asks once and hardly waits.
 * `ret_instance`: with payloads; free with dt_instance_destroy. DT_DEADLINE_EXCEEDED: not yet so;
 * DT_UNAVAILABLE: and there was no connection at the end. NULL allowed for `ret_instance`. Any thread.
 */
DT_API DT_MUST_USE enum dt_status dt_client_wait_start(struct dt_client *client, const char *instance_id,
                                                       int64_t timeout_ms, struct dt_instance **ret_instance,
                                                       struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_wait_start_async(struct dt_client *client,
                                                             const char *instance_id, int64_t timeout_ms,
                                                             dt_on_reply *on_reply, void *context);
DT_API DT_MUST_USE enum dt_status dt_client_wait_completion(struct dt_client *client, const char *instance_id,
                                                            int64_t timeout_ms,
                                                            struct dt_instance **ret_instance,
                                                            struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_wait_completion_async(struct dt_client *client,
                                                                  const char *instance_id, int64_t timeout_ms,
                                                                  dt_on_reply *on_reply, void *context);

/* Sends an external event (RaiseEvent). It is kept until the orchestration waits for its `name` (compared
 * without regard to case). `data`: NULL allowed. Events for a final instance are dropped by the service
 * without a word. DT_NOT_FOUND: no such instance (services may also accept it in silence). DT_UNAVAILABLE:
 * the connection broke after the request was written, so the event may or may not have been taken. Any
 * thread. */
DT_API DT_MUST_USE enum dt_status dt_client_raise_event(struct dt_client *client, const char *instance_id,
                                                        const char *name, const char *data,
                                                        struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_raise_event_async(struct dt_client *client,
                                                              const char *instance_id, const char *name,
                                                              const char *data, dt_on_reply *on_reply,
                                                              void *context);

/* Ends an instance (TerminateInstance). `output`: becomes its output, NULL allowed. `recursive`: its children
 * too. No effect on a final instance. DT_NOT_FOUND: no such instance. Any thread. */
DT_API DT_MUST_USE enum dt_status dt_client_terminate(struct dt_client *client, const char *instance_id,
                                                      const char *output, bool recursive, struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_terminate_async(struct dt_client *client, const char *instance_id,
                                                            const char *output, bool recursive,
                                                            dt_on_reply *on_reply, void *context);

/* Suspends or resumes an instance (SuspendInstance, ResumeInstance). `reason`: NULL allowed. No effect on a
 * final instance. DT_NOT_FOUND: no such instance. Any thread. */
DT_API DT_MUST_USE enum dt_status dt_client_suspend(struct dt_client *client, const char *instance_id,
                                                    const char *reason, struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_suspend_async(struct dt_client *client, const char *instance_id,
                                                          const char *reason, dt_on_reply *on_reply,
                                                          void *context);
DT_API DT_MUST_USE enum dt_status dt_client_resume(struct dt_client *client, const char *instance_id,
                                                   const char *reason, struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_resume_async(struct dt_client *client, const char *instance_id,
                                                         const char *reason, dt_on_reply *on_reply,
                                                         void *context);

struct dt_purge_filter {
    size_t size;
    int64_t created_from_ns; /* inclusive; 0: no bound */
    int64_t created_to_ns;   /* exclusive; 0: no bound */
    unsigned statuses;       /* DT_STATUS_BITs; 0: all final ones. Others match nothing */
    int64_t timeout_ms;      /* the service stops after this and says "not complete"; 0: none */
};

/* Deletes a final instance with its history (PurgeInstances). `recursive`: its final children too.
 * `ret_count`: NULL allowed; 0 if it is unknown or not final. DT_FAILED_PRECONDITION: some services, for an
 * instance that is not final. Any thread. */
DT_API DT_MUST_USE enum dt_status dt_client_purge(struct dt_client *client, const char *instance_id,
                                                  bool recursive, int32_t *ret_count, struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_purge_async(struct dt_client *client, const char *instance_id,
                                                        bool recursive, dt_on_reply *on_reply, void *context);
/* Deletes all final instances that match. `filter`: not NULL. `ret_count`, `ret_complete`: NULL allowed; call
 * again while not complete. Any thread. */
DT_API DT_MUST_USE enum dt_status dt_client_purge_matching(struct dt_client *client,
                                                           const struct dt_purge_filter *filter,
                                                           int32_t *ret_count, bool *ret_complete,
                                                           struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_purge_matching_async(struct dt_client *client,
                                                                 const struct dt_purge_filter *filter,
                                                                 dt_on_reply *on_reply, void *context);

struct dt_query {
    size_t size;
    unsigned statuses;       /* DT_STATUS_BITs; 0: all */
    int64_t created_from_ns; /* inclusive; 0: no bound */
    int64_t created_to_ns;   /* exclusive; 0: no bound */
    const char *id_prefix;   /* NULL: all */
    int32_t page_size;       /* instances; 0: the service's default */
    const char *page_token;  /* of dt_page_token; NULL: the first page */
    bool payloads;           /* also inputs and outputs */
};

/* Reads one page of instances (QueryInstances). `query`: NULL for the first page of all. `ret_page`: free
 * with dt_page_destroy. Any thread. */
DT_API DT_MUST_USE enum dt_status dt_client_query(struct dt_client *client, const struct dt_query *query,
                                                  struct dt_page **ret_page, struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_query_async(struct dt_client *client,
                                                        const struct dt_query *query, dt_on_reply *on_reply,
                                                        void *context);

/* Reads the history of the current execution (StreamInstanceHistory). `ret_history`: free with
 * dt_history_destroy; empty for an unknown id. DT_NOT_FOUND: some services, for an unknown id. Any thread. */
DT_API DT_MUST_USE enum dt_status dt_client_history(struct dt_client *client, const char *instance_id,
                                                    struct dt_history **ret_history, struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_client_history_async(struct dt_client *client, const char *instance_id,
                                                          dt_on_reply *on_reply, void *context);

/* Getters of a snapshot. `instance` is never NULL; results live as long as it does. Any thread, for it never
 * changes. Strings that may be absent are NULL then; instants that are absent are 0. */
DT_API const char *dt_instance_id(const struct dt_instance *instance);      /* never NULL */
DT_API const char *dt_instance_name(const struct dt_instance *instance);    /* never NULL */
DT_API const char *dt_instance_version(const struct dt_instance *instance); /* NULL: unversioned */
DT_API enum dt_instance_status dt_instance_status(const struct dt_instance *instance);
DT_API int64_t dt_instance_created_ns(const struct dt_instance *instance);
DT_API int64_t dt_instance_updated_ns(const struct dt_instance *instance);
DT_API int64_t dt_instance_completed_ns(const struct dt_instance *instance);
DT_API int64_t dt_instance_scheduled_start_ns(const struct dt_instance *instance);
DT_API const char *dt_instance_input(const struct dt_instance *instance);
DT_API const char *dt_instance_output(const struct dt_instance *instance);
DT_API const char *dt_instance_custom_status(const struct dt_instance *instance);
DT_API const char *dt_instance_execution_id(const struct dt_instance *instance);
DT_API const char *dt_instance_parent_id(const struct dt_instance *instance); /* NULL: no parent */
DT_API const struct dt_failure *
dt_instance_failure(const struct dt_instance *instance); /* NULL: did not fail */
/* The value of a tag, or NULL. `key`: not NULL. */
DT_API const char *dt_instance_tag(const struct dt_instance *instance, const char *key);
/* All tags; `ret_count` not NULL. The array lives as long as the instance; NULL if there are none. */
DT_API const struct dt_tag *dt_instance_tags(const struct dt_instance *instance, size_t *ret_count);
/* NULL allowed. Not for instances that belong to a page or a reply. */
DT_API void dt_instance_destroy(struct dt_instance *instance);
/* A copy that the caller destroys, for instance to keep one from a reply. DT_NO_MEMORY. Any thread. */
DT_API DT_MUST_USE enum dt_status dt_instance_copy(const struct dt_instance *instance,
                                                   struct dt_instance **ret_copy);

/* How many instances the page holds. `page` not NULL, here and below. Any thread. */
DT_API size_t dt_page_count(const struct dt_page *page);
/* Instance `index` (below the count), valid as long as the page. */
DT_API const struct dt_instance *dt_page_instance(const struct dt_page *page, size_t index);
/* What to put into `page_token` for the next page; NULL: this was the last. Valid as long as the page. */
DT_API const char *dt_page_token(const struct dt_page *page);
/* NULL allowed. Not for a page that belongs to a reply. */
DT_API void dt_page_destroy(struct dt_page *page);

/* Numbers of the member `eventType` of HistoryEvent. Kinds added later to the protocol appear as their
 * number. */
enum dt_event_kind {
    DT_EVENT_NONE = 0,
    DT_EVENT_EXECUTION_STARTED = 3,
    DT_EVENT_EXECUTION_COMPLETED = 4,
    DT_EVENT_EXECUTION_TERMINATED = 5,
    DT_EVENT_TASK_SCHEDULED = 6,
    DT_EVENT_TASK_COMPLETED = 7,
    DT_EVENT_TASK_FAILED = 8,
    DT_EVENT_CHILD_CREATED = 9,
    DT_EVENT_CHILD_COMPLETED = 10,
    DT_EVENT_CHILD_FAILED = 11,
    DT_EVENT_TIMER_CREATED = 12,
    DT_EVENT_TIMER_FIRED = 13,
    DT_EVENT_ORCHESTRATOR_STARTED = 14,
    DT_EVENT_ORCHESTRATOR_COMPLETED = 15,
    DT_EVENT_EVENT_SENT = 16,
    DT_EVENT_EVENT_RAISED = 17,
    DT_EVENT_CONTINUED_AS_NEW = 20,
    DT_EVENT_EXECUTION_SUSPENDED = 21,
    DT_EVENT_EXECUTION_RESUMED = 22,
    DT_EVENT_EXECUTION_REWOUND = 30
};

/* The kind's name in the protocol, such as "TaskScheduled"; "Unknown" for others. Never NULL, static. Any
 * thread. */
DT_API const char *dt_event_kind_name(enum dt_event_kind kind);

/* One event, filled by dt_history_event. Pointers live as long as the history. */
struct dt_event {
    size_t size;
    enum dt_event_kind kind;
    int32_t id;      /* of the action that made it; -1 for events from outside */
    int32_t task_id; /* of the action it answers (TaskCompleted, TimerFired, …); 0 otherwise */
    int64_t time_ns;
    int64_t fire_at_ns;               /* timers; else 0 */
    const char *name;                 /* orchestration, activity or event; NULL: the kind has none */
    const char *instance_id;          /* ChildCreated, EventSent; else NULL */
    const char *data;                 /* input, result or reason; NULL: absent */
    const struct dt_failure *failure; /* NULL: none */
    enum dt_instance_status status;   /* of ExecutionCompleted; else DT_INSTANCE_RUNNING */
};

/* How many events there are. `history` not NULL, here and below. Any thread. */
DT_API size_t dt_history_count(const struct dt_history *history);
/* Fills `ret_event` (size set by the caller) with event `index` (below the count). */
DT_API void dt_history_event(const struct dt_history *history, size_t index, struct dt_event *ret_event);
/* NULL allowed. Not for a history that belongs to a reply. */
DT_API void dt_history_destroy(struct dt_history *history);

/* --------------------------------------------------------------------------------------------------- worker
 */

struct dt_worker;
struct dt_context;  /* one turn of one orchestration */
struct dt_task;     /* something an orchestration may wait for; belongs to the turn */
struct dt_activity; /* one run of an activity */

/* An orchestrator function. It runs from its top again on every turn, with what happened so far replayed, and
 * is left in the middle of a wait by longjmp. So it must be deterministic and tidy:
 * - it reads the time, randomness and ids only from dt_now_ns, dt_random and dt_uuid, does no input or
 * output, and does not look at state that others change; work goes into activities;
 * - across a wait it holds no malloc'ed memory, lock or descriptor: memory comes from dt_alloc, and dt_defer
 * runs a function however the turn ends. Local variables need not be volatile: the function is not
 * re-entered, it is run again;
 * - it uses its dt_context only from the thread it was called on.
 * It ends by returning: completed with the result of dt_set_result (none: absent), or failed after
 * dt_set_failure. `input`: NULL if absent; valid for the turn. `user`: as registered. Called on a thread of
 * the worker; the same function runs on several threads at once for different instances. */
typedef void dt_orchestrator_fn(struct dt_context *ctx, const char *input, void *user);

/* An activity: does the work, may block. It may run more than once for one call (at least once is promised).
 * It ends by returning: completed with the result of dt_activity_set_result (none: absent), or failed after
 * dt_activity_set_failure. `input`: NULL if absent; valid during the call. `user`: as registered. Called on a
 * thread of the worker's pool, on several at once. */
typedef void dt_activity_fn(struct dt_activity *activity, const char *input, void *user);

/* Which instances a worker takes, by comparing `dt_worker_options.version` with the instance's. Versions
 * compare by their dot-separated parts, numerically where both are numbers; an unversioned instance is older
 * than all. */
enum dt_version_match {
    DT_VERSION_MATCH_NONE = 0,            /* all */
    DT_VERSION_MATCH_STRICT = 1,          /* the same version only */
    DT_VERSION_MATCH_CURRENT_OR_OLDER = 2 /* the same or an older one */
};
enum dt_version_failure {
    DT_VERSION_REJECT = 0, /* give the work item back, for another worker */
    DT_VERSION_FAIL = 1    /* fail the orchestration with type "VersionMismatch" */
};

struct dt_worker_options {
    size_t size;
    const char *version; /* of this worker; NULL: none */
    enum dt_version_match version_match;
    enum dt_version_failure version_failure;
    const char *default_child_version; /* for children called without a version; NULL: none */
    int32_t orchestrations_max;        /* turns that the service may hand out at once; 0: 100 per CPU */
    int32_t activities_max;            /* activities that run at once, each on its thread; 0: 16 per CPU */
    int32_t orchestrator_threads;      /* threads that run turns; 0: one per CPU, at least 2 */
    size_t turn_memory_max;            /* bytes one turn may allocate; 0: 256 MiB */
    int64_t silence_max_ms;            /* without any message, reconnect; 0: 120 000 */
    int64_t stop_timeout_ms;           /* dt_worker_stop gives running activities this long; 0: 30 000 */
    bool filter;                       /* ask the service for registered names only */
};

/* Makes a worker; nothing is started. `c`: not NULL. `o`: NULL for defaults. `ret_worker`: destroy with
 * dt_worker_destroy. Statuses as dt_client_create. */
DT_API DT_MUST_USE enum dt_status dt_worker_create(const struct dt_connect_options *c,
                                                   const struct dt_worker_options *o,
                                                   struct dt_worker **ret_worker, struct dt_error *e);

/* Registers a function, before the worker is started. `name`: not NULL, exact. `version`: NULL for any
 * version not registered by itself. `fn`: not NULL. `user`: handed to each call, must outlive the worker.
 * DT_ALREADY_EXISTS: this name and version is registered. DT_FAILED_PRECONDITION: started.
 * DT_INVALID_ARGUMENT. DT_NO_MEMORY. */
DT_API DT_MUST_USE enum dt_status dt_worker_register_orchestrator(struct dt_worker *worker, const char *name,
                                                                  const char *version, dt_orchestrator_fn *fn,
                                                                  void *user, struct dt_error *e);
DT_API DT_MUST_USE enum dt_status dt_worker_register_activity(struct dt_worker *worker, const char *name,
                                                              const char *version, dt_activity_fn *fn,
                                                              void *user, struct dt_error *e);

/* Starts the threads and returns. The worker connects, says Hello, opens GetWorkItems and keeps it open: lost
 * or refused connections are made again after a random pause of 1 s that doubles to 30 s.
 * DT_FAILED_PRECONDITION: started before. DT_NO_MEMORY. DT_INTERNAL: the system refuses a thread or pipe. */
DT_API DT_MUST_USE enum dt_status dt_worker_start(struct dt_worker *worker, struct dt_error *e);
/* dt_worker_start, then waits until dt_worker_request_stop or dt_worker_stop is called and the work is done.
 */
DT_API DT_MUST_USE enum dt_status dt_worker_run(struct dt_worker *worker, struct dt_error *e);
/* Waits until the worker's GetWorkItems stream is open. `timeout_ms`: below 0 waits without an end.
 * DT_DEADLINE_EXCEEDED: not yet; the last reason is in `e`. DT_FAILED_PRECONDITION: not started. Any thread.
 */
DT_API DT_MUST_USE enum dt_status dt_worker_wait_connected(struct dt_worker *worker, int64_t timeout_ms,
                                                           struct dt_error *e);
/* Asks the worker to stop and returns at once. May be called from a signal handler, any thread, any number of
 * times. */
DT_API void dt_worker_request_stop(struct dt_worker *worker);
/* Stops: takes no more work, lets running turns and activities end within `stop_timeout_ms` and sends their
 * results, gives everything else back to the service, joins the threads. An activity that does not end in
 * time is waited for (its thread cannot be killed), its result is dropped. No effect if not started or
 * already stopped. Not from an orchestrator or activity. */
DT_API void dt_worker_stop(struct dt_worker *worker);
/* dt_worker_stop, then frees. NULL allowed. */
DT_API void dt_worker_destroy(struct dt_worker *worker);

/* ------------------------------------------------------------------------------------------------ activities
 */

/* All: `activity` not NULL; strings valid until the activity returns; from its own thread. */
DT_API const char *dt_activity_name(const struct dt_activity *activity);
DT_API const char *dt_activity_version(const struct dt_activity *activity); /* NULL: unversioned */
DT_API const char *dt_activity_instance_id(const struct dt_activity *activity);
/* Number of the call within its orchestration. With the instance id and execution id it makes a key for
 * idempotent work: the same in every repetition of one call, different for each try of a retry policy. */
DT_API int32_t dt_activity_task_id(const struct dt_activity *activity);
DT_API const char *
dt_activity_execution_id(const struct dt_activity *activity); /* NULL: the service sent none */
/* The value of a tag given with the call, or NULL. */
DT_API const char *dt_activity_tag(const struct dt_activity *activity, const char *key);
/* True once the worker is stopping: a long activity should end early. */
DT_API bool dt_activity_stopping(const struct dt_activity *activity);
/* The result, copied; NULL for absent. The last call counts, and takes back a failure. DT_INVALID_ARGUMENT:
 * it is not UTF-8, and the activity fails with type "InvalidOperationError". DT_NO_MEMORY: the activity is
 * given back to the service and runs again. */
DT_API enum dt_status dt_activity_set_result(struct dt_activity *activity, const char *result);
/* Makes the activity fail; copied. DT_INVALID_ARGUMENT: `failure` is NULL. DT_NO_MEMORY: as above. */
DT_API enum dt_status dt_activity_set_failure(struct dt_activity *activity, const struct dt_failure *failure);
/* As above from a type and a formatted message (at most 1000 bytes are kept). `type`: NULL counts as "Error".
 */
DT_API enum dt_status dt_activity_fail(struct dt_activity *activity, const char *type, const char *fmt, ...)
    DT_PRINTF_LIKE(3, 4);

/* -------------------------------------------------------------------------------------------- orchestrations
 */

/* Everything below is called from the orchestrator function only. Functions that need memory do not return
 * when there is none: the turn is given up and given back to the service, which repeats it later. Those
 * marked "may leave" do not return when the wait is not over yet: the turn ends there, and a later one comes
 * by again. A call that the history contradicts ends the orchestration with failure type
 * "NonDeterminismError", naming the source line; a misuse (NULL where it is not allowed, text that is
 * not UTF-8) with "InvalidOperationError". The macros pass the line of the call. */

/* Identity. Valid for the turn. */
DT_API const char *dt_context_instance_id(const struct dt_context *ctx);
DT_API const char *dt_context_execution_id(const struct dt_context *ctx); /* "" if the service sent none */
DT_API const char *dt_context_name(const struct dt_context *ctx);
DT_API const char *dt_context_parent_id(const struct dt_context *ctx); /* NULL: not a child */
/* The value of a tag of the instance, or NULL. */
DT_API const char *dt_context_tag(const struct dt_context *ctx, const char *key);
/* The version the instance was started with; NULL: unversioned. */
DT_API const char *dt_version(const struct dt_context *ctx);

/* The orchestration's clock: when the service began the turn that is now replayed or run. Stands still
 * between waits. */
DT_API int64_t dt_now_ns(const struct dt_context *ctx);
/* True while what happens has happened before, in an earlier turn. For logging and metrics only. */
DT_API bool dt_is_replaying(const struct dt_context *ctx);
/* A new GUID (RFC 4122 version 5 over instance id, time and a counter), the same in every replay. */
DT_API void dt_uuid(struct dt_context *ctx, char ret_text[37]);
/* 64 random bits, the same in every replay. Not for keys. */
DT_API uint64_t dt_random(struct dt_context *ctx);
/* Logs through `dt_connect_options.log`, except while replaying; so each line appears once, or again if the
 * turn is lost. At most 1000 bytes. */
DT_API void dt_log(struct dt_context *ctx, enum dt_log_level level, const char *fmt, ...)
    DT_PRINTF_LIKE(3, 4);

/* Zeroed memory, aligned for any type, freed when the turn ends. Never NULL. */
DT_API void *dt_alloc(struct dt_context *ctx, size_t size);
/* Formatted text in such memory. Never NULL. */
DT_API char *dt_format(struct dt_context *ctx, const char *fmt, ...) DT_PRINTF_LIKE(2, 3);
/* Calls `fn(argument)` when the turn ends, in whatever way, last one first. `fn` may not use the context. */
DT_API void dt_defer(struct dt_context *ctx, void (*fn)(void *argument), void *argument);

/* The result of the orchestration when its function returns; copied; NULL for absent. Takes back a failure.
 */
DT_API void dt_set_result(struct dt_context *ctx, const char *result);
/* Makes the orchestration fail when its function returns; copied. `failure` not NULL. */
DT_API void dt_set_failure(struct dt_context *ctx, const struct dt_failure *failure);
/* Ends the orchestration as failed, now, with a formatted message (at most 1000 bytes). Does not return. */
DT_API DT_NORETURN void dt_fail(struct dt_context *ctx, const char *type, const char *fmt, ...)
    DT_PRINTF_LIKE(3, 4);
/* The custom status that clients see from the end of this turn on; copied; NULL or "" clears it. */
DT_API void dt_set_custom_status(struct dt_context *ctx, const char *status);

/* When a failed call is tried again. Deterministic: the pauses are durable timers. */
struct dt_retry_policy {
    size_t size;
    int32_t attempts_max;      /* tries in all, at least 1; 0: 1 */
    int64_t first_interval_ms; /* pause before the second try; 0: at once */
    double backoff;            /* each pause is this much longer; below 1: 1 */
    int64_t interval_max_ms;   /* longest pause; 0: none */
    int64_t timeout_ms;        /* no try starts later than this after the first; 0: none */
    /* Says whether to try again after `attempt` tries (1..); must be deterministic. NULL: always. Failures
     * marked non_retriable are never tried again. */
    bool (*handler)(const struct dt_failure *failure, int32_t attempt, void *context);
    void *handler_context;
};

struct dt_call_options {
    size_t size;
    const char *version;       /* NULL: none (for children: `default_child_version`) */
    const struct dt_tag *tags; /* NULL if tag_count is 0 */
    size_t tag_count;
    const struct dt_retry_policy *retry; /* NULL: one try. Copied; `handler_context` must live for the turn */
    const char *instance_id; /* children only; NULL: made from the execution id and the call's number */
};

/* Schedules an activity (ScheduleTaskAction). `name` not NULL or empty; `input` NULL for absent; `options`
 * NULL for defaults. Never NULL; the task belongs to the turn. Does not wait. */
#define dt_call_activity(ctx, name, input, options)                                                          \
    dt_call_activity_from((ctx), (name), (input), (options), __FILE__, __LINE__)
DT_API struct dt_task *dt_call_activity_from(struct dt_context *ctx, const char *name, const char *input,
                                             const struct dt_call_options *options, const char *file,
                                             int line);

/* Starts a child orchestration (CreateSubOrchestrationAction). Parameters as dt_call_activity. */
#define dt_call_sub_orchestration(ctx, name, input, options)                                                 \
    dt_call_sub_orchestration_from((ctx), (name), (input), (options), __FILE__, __LINE__)
DT_API struct dt_task *dt_call_sub_orchestration_from(struct dt_context *ctx, const char *name,
                                                      const char *input,
                                                      const struct dt_call_options *options, const char *file,
                                                      int line);

/* A durable timer (CreateTimerAction): succeeds `delay_ms` (below 0: 0) after dt_now_ns, or at `fire_at_ns`.
 * May lie months ahead. */
#define dt_timer_create(ctx, delay_ms) dt_timer_create_from((ctx), (delay_ms), __FILE__, __LINE__)
DT_API struct dt_task *dt_timer_create_from(struct dt_context *ctx, int64_t delay_ms, const char *file,
                                            int line);
#define dt_timer_create_until(ctx, fire_at_ns)                                                               \
    dt_timer_create_until_from((ctx), (fire_at_ns), __FILE__, __LINE__)
DT_API struct dt_task *dt_timer_create_until_from(struct dt_context *ctx, int64_t fire_at_ns,
                                                  const char *file, int line);

/* Waits for an external event of this name, compared without regard to case (EventRaised). Events that came
 * early are taken first, in their order; several tasks for one name take events in the order they were made.
 * `name` not NULL or empty. `timeout_ms`: below 0 for none; else the task becomes DT_TASK_TIMED_OUT when a
 * durable timer of that length fires first. */
#define dt_wait_event(ctx, name, timeout_ms)                                                                 \
    dt_wait_event_from((ctx), (name), (timeout_ms), __FILE__, __LINE__)
DT_API struct dt_task *dt_wait_event_from(struct dt_context *ctx, const char *name, int64_t timeout_ms,
                                          const char *file, int line);

/* Sends an external event to another instance (SendEventAction), one way. `instance_id`, `name` not NULL or
 * empty; `data` NULL for absent. Unknown instances are ignored by the service. */
#define dt_send_event(ctx, instance_id, name, data)                                                          \
    dt_send_event_from((ctx), (instance_id), (name), (data), __FILE__, __LINE__)
DT_API void dt_send_event_from(struct dt_context *ctx, const char *instance_id, const char *name,
                               const char *data, const char *file, int line);

/* Ends this execution and starts the next one of the same instance with `input` and an empty history.
 * `input`: NULL for absent. `keep_events`: events not yet taken are carried over. Children and activities
 * still under way are no longer waited for. Does not return. */
DT_API DT_NORETURN void dt_continue_as_new(struct dt_context *ctx, const char *input, bool keep_events);

enum dt_task_state {
    DT_TASK_PENDING = 0,
    DT_TASK_SUCCEEDED = 1,
    DT_TASK_FAILED = 2,
    DT_TASK_TIMED_OUT = 3, /* of dt_wait_event */
    DT_TASK_CANCELLED = 4  /* by dt_task_cancel */
};

/* Waits for the task and says how it ended, never DT_TASK_PENDING. `task` not NULL. May leave. */
#define dt_await(task) dt_await_from((task), __FILE__, __LINE__)
DT_API enum dt_task_state dt_await_from(struct dt_task *task, const char *file, int line);

/* Waits for the task and returns its result (NULL: absent). If it did not succeed the orchestration ends here
 * as failed with type "TaskFailedError" and the task's failure inside, as an exception that nobody catches
 * does. May leave. */
#define dt_await_result(task) dt_await_result_from((task), __FILE__, __LINE__)
DT_API const char *dt_await_result_from(struct dt_task *task, const char *file, int line);

/* Waits for the first of `count` (at least 1) tasks to end and returns its index; if several have, that of
 * the one that ended first. `tasks` not NULL, nor any of them. May leave. */
#define dt_when_any(ctx, tasks, count) dt_when_any_from((ctx), (tasks), (count), __FILE__, __LINE__)
DT_API size_t dt_when_any_from(struct dt_context *ctx, struct dt_task *const *tasks, size_t count,
                               const char *file, int line);

/* Waits for all of `count` (0 allowed) tasks; true if all succeeded. May leave. */
#define dt_when_all(ctx, tasks, count) dt_when_all_from((ctx), (tasks), (count), __FILE__, __LINE__)
DT_API bool dt_when_all_from(struct dt_context *ctx, struct dt_task *const *tasks, size_t count,
                             const char *file, int line);

/* Without waiting. `task` not NULL; results are valid for the turn. */
DT_API enum dt_task_state dt_task_state(const struct dt_task *task);
/* The result of an activity or child, or the data of an event; NULL: absent or not succeeded. */
DT_API const char *dt_task_result(const struct dt_task *task);
/* Why it failed; NULL unless DT_TASK_FAILED. */
DT_API const struct dt_failure *dt_task_failure(const struct dt_task *task);
/* No longer wanted: a timer or event wait is given up (a timer that fires late is ignored, an event goes to
 * the next wait of its name); of an activity or child the outcome is ignored, it is not stopped. No effect on
 * a task that has ended. */
DT_API void dt_task_cancel(struct dt_task *task);

#ifdef __cplusplus
}
#endif

#endif
