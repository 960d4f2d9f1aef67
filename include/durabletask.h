/* SPDX-License-Identifier: MIT */
/* durabletask.h — libdurabletask: Durable Task orchestrations in C.
 *
 * A client starts orchestrations and talks to them; a worker runs orchestrator functions and
 * activities. Both speak the gRPC protocol of the Durable Task SDKs (service TaskHubSidecarService), so
 * they work against Sallyport's scheduler, the managed Durable Task Scheduler and its emulator.
 *
 * How to read this header. A comment stands before each function, or before a pair of them that differ
 * only in being blocking or not. It names every parameter but the first (the object), `error`, `context`
 * and what the macros pass, and ends with these lines, as far as they apply:
 *   Errors: each status the function may return, with its cause.
 *   Memory: who frees the result, or how long it is valid.
 *   Thread: who may call it.
 *
 * Conventions
 * - Every fallible function returns `enum dt_status` (DT_OK is 0). Detail for people goes into a
 *   caller's `struct dt_error *error`, which may always be NULL. Nothing is kept in global or thread-local
 *   storage.
 * - Pointers are not NULL unless "NULL" is said where they are described. Clients' and workers'
 *   functions that return a status refuse NULL with DT_INVALID_ARGUMENT; elsewhere behaviour is
 *   undefined then. Every destroy function takes NULL and does nothing.
 * - Outputs come last, are named `ret_…`, and are untouched on failure.
 * - Strings are NUL-terminated UTF-8; a text from a service that holds U+0000 is cut there. Parameters
 *   are borrowed for the call and copied where they are kept. Payloads (inputs, results, event data,
 *   custom status) are opaque to this library; by convention of all Durable Task SDKs they are JSON
 *   texts. NULL means absent, which is not "".
 * - Instants are `int64_t` nanoseconds since 1970-01-01 UTC (suffix `_ns`); durations are `int64_t`
 *   milliseconds (suffix `_ms`); sizes are bytes.
 * - Option structures begin with `size_t size`, to be set to sizeof of the structure; DT_INIT(type)
 *   makes one. Members that this library's version does not know are ignored; members the caller's
 *   version does not know count as zero, and zero is each member's default.
 * - A client or worker has one input/output thread, a worker also those that run the user's functions.
 *   All signals are blocked in them. "Thread: any" means: from any thread, also from several at once. A
 *   `struct dt_context`, its tasks and a `struct dt_activity` belong to the function they were given to
 *   and to its thread. Nothing here survives fork() in the child.
 * - Everything without a mark exists since version 0.1; "Since 0.2" marks what came with entities and sign-in. */
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
#define DT_VERSION_MINOR 2
#define DT_VERSION_PATCH 0

/* "0.2.0": the version of the library that is linked, not of the header.
 * Memory: static.
 * Thread: any. */
DT_API const char *dt_library_version(void);

/* --------------------------------------------------- results and errors */

/* 0..16 are gRPC's status codes with the service's meaning; from 100 on they are this library's own. */
enum dt_status {
    DT_OK = 0,
    DT_CANCELLED = 1,           /* the client or worker was destroyed or stopped, or the service cancelled */
    DT_UNKNOWN = 2,             /* the service failed without saying how */
    DT_INVALID_ARGUMENT = 3,    /* a parameter is refused, here or by the service; the text says which */
    DT_DEADLINE_EXCEEDED = 4,   /* the time-out of the call passed */
    DT_NOT_FOUND = 5,           /* no such instance or task hub */
    DT_ALREADY_EXISTS = 6,      /* an instance with this id exists and may not be replaced */
    DT_PERMISSION_DENIED = 7,   /* the token is valid but has no right to this */
    DT_RESOURCE_EXHAUSTED = 8,  /* a limit of the service, or a message over `message_size_max` */
    DT_FAILED_PRECONDITION = 9, /* not possible in this state (also: a blocking call made from a callback) */
    DT_ABORTED = 10,            /* the service gave up the call because of another one */
    DT_OUT_OF_RANGE = 11,       /* the service says that a value is outside of what it has */
    DT_UNIMPLEMENTED = 12,      /* the service has no such call */
    DT_INTERNAL = 13,           /* the service broke the protocol, or the system refused a thread or pipe */
    DT_UNAVAILABLE = 14,        /* no connection in time, or it was lost and a retry is not safe */
    DT_DATA_LOSS = 15,          /* the service lost data */
    DT_UNAUTHENTICATED = 16,    /* no token, or the token callback failed */
    DT_NO_MEMORY = 100          /* an allocation failed; nothing has changed */
};

/* What went wrong, for people. Owned by the caller; need not be initialised. Never holds tokens or
 * payloads. */
struct dt_error {
    enum dt_status status;
    char text[256]; /* NUL-terminated, one line */
};

/* The code's name, such as "NOT_FOUND"; "UNKNOWN" for a number that is none. `status`: any number.
 * Memory: static; never NULL.
 * Thread: any. */
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

/* Which entity: a kind, by the name it is registered under, and one of that kind. `name`: not empty, without '@',
 * compared without regard to the case of ASCII letters, sent in lower case. `key`: may be empty, may hold '@', compared
 * exactly. At the service it is the instance "@name@key". Since 0.2. */
struct dt_entity_id {
    const char *name; /* of the kind */
    const char *key;  /* of the one */
};

/* The id of the entity `key` of the kind `name`; borrows both. */
static inline struct dt_entity_id dt_entity_named(const char *name, const char *key)
{
    struct dt_entity_id id;
    id.name = name;
    id.key = key;
    return id;
}

/* -------------------------------------------------------------- logging */

enum dt_log_level { DT_LOG_DEBUG, DT_LOG_INFO, DT_LOG_WARN, DT_LOG_ERROR };

/* Receives one line, `line`, of level `level`. It has no newline and no token or payload in it.
 * Memory: the line is valid during the call.
 * Thread: called on any thread of the library, possibly on several at once; must not call the library. */
typedef void dt_log_fn(enum dt_log_level level, const char *line, void *context);

/* A dt_log_fn for programs without a log of their own: "durabletask: warn: …" on standard error. `level`: how grave it is. `line`:
 * not NULL.
 * `context`: not used; NULL allowed.
 * Thread: any. */
DT_API void dt_log_stderr(enum dt_log_level level, const char *line, void *context);

/* ----------------------------------------------------------- connecting */

/* Gives a bearer token for `resource` (a scope such as "https://durabletask.io/.default"). Writes a
 * NUL-terminated token of at most `capacity` bytes, NUL included, into `ret_token` and, if it knows,
 * the time of its expiry into `*ret_expires_ns` (0, as given: use it for 10 minutes). Tokens are asked
 * for again five minutes before they expire, and those that live for less than ten when half of that is
 * over; one that cannot be renewed is used until it expires. One that the service refuses
 * (DT_UNAUTHENTICATED) is asked for anew, and the call is tried with it once more.
 * Errors: any status but DT_OK fails the calls that wait for the token with DT_UNAUTHENTICATED.
 * Memory: the token is copied.
 * Thread: called on a thread for tokens, which each client and worker has, one call at a time; the calls
 * that need the token wait meanwhile, all else goes on. Must not call into the same client or worker,
 * whose destruction waits for it. */
typedef enum dt_status dt_token_fn(const char *resource, char *ret_token, size_t capacity,
                                   int64_t *ret_expires_ns, void *context);

/* Learns that the service has refused `token`, which was given for `resource`: it should not be given again.
 * Since 0.2.
 * Memory: both are valid during the call.
 * Thread: as dt_token_fn, before the next call of that. */
typedef void dt_token_refused_fn(const char *resource, const char *token, void *context);

/* Says why the latest call of dt_token_fn for `resource` failed: a line for people of at most `capacity`
 * bytes, NUL included, into `ret_text`, without secrets. It becomes the text of the calls' errors. Since 0.2.
 * Memory: the text is copied.
 * Thread: as dt_token_fn, right behind it. */
typedef void dt_token_fault_fn(const char *resource, char *ret_text, size_t capacity, void *context);

/* A source of tokens that can say more than a dt_token_fn, such as dt_azure_token_provider of
 * libdurabletask-azure. Since 0.2. */
struct dt_token_provider {
    size_t size;
    dt_token_fn *give;            /* not NULL */
    dt_token_refused_fn *refused; /* NULL allowed */
    dt_token_fault_fn *fault;     /* NULL allowed */
    void *context;
};

/* Where the service is and who we are. Give `connection_string`, or `endpoint` and `task_hub`; single
 * members override the connection string's values.
 *
 * Connection string: `key=value` pairs joined by ';', keys in any case, blanks trimmed, empty pairs
 * ignored, a value may hold '='; at most 8192 bytes. Keys: Endpoint (URL; without a scheme https:// is
 * meant), TaskHub, Authentication; others (ClientID, TenantId, TokenFilePath: libdurabletask-azure reads
 * them) are accepted and ignored. A first part that is a bare URL or
 * host counts as the Endpoint, so that `https://host;Authentication=None;TaskHub=h` works as well.
 * Authentication=None, or none given, needs nothing more; with any other value a `token`
 * callback or a `token_provider` is required. http:// (or grpc://) endpoints are HTTP/2 in clear text with prior knowledge; https:// (or
 * grpcs://) use TLS 1.2 or later, verify the certificate and the host name, and negotiate "h2". Default
 * ports 80 and 443. A token is sent in clear text, too: give one to an http:// endpoint only where
 * nobody else can listen. */
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
    /* NULL allowed; copied; counts before `token`. Since 0.2 */
    const struct dt_token_provider *token_provider;
    const char *certificate_file; /* PEM: shown to servers that ask for one; NULL: none. Since 0.2 */
    const char *key_file;         /* PEM, without a pass phrase; goes with certificate_file. Since 0.2 */
};

/* --------------------------------------------------------------- client */

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

/* "running", "completed", …; "unknown" for another number. `status`: any number.
 * Memory: static; never NULL.
 * Thread: any. */
DT_API const char *dt_instance_status_name(enum dt_instance_status status);

/* True for completed, failed, cancelled and terminated. `status`: any number.
 * Thread: any. */
DT_API bool dt_instance_status_final(enum dt_instance_status status);

/* The bit of a status in a set such as `struct dt_query.statuses`. */
#define DT_STATUS_BIT(status) (1u << (status))

struct dt_client;   /* one connection to one task hub; reconnects by itself */
struct dt_instance; /* a snapshot of an orchestration instance */
struct dt_page;     /* one page of a query */
struct dt_history;  /* the history of an instance */
struct dt_reply;    /* the outcome of an asynchronous call */
struct dt_ids;      /* a list of instance ids */
struct dt_entity;   /* a snapshot of an entity */
struct dt_entities; /* one page of an entity query */

/* Makes a client and starts its thread; connects when the first call is made. `options`: see above.
 * `ret_client`: the client.
 * Errors: DT_INVALID_ARGUMENT: no endpoint or task hub, a malformed connection string or URL, an
 * authentication that needs a token callback, a file of TLS that is unreadable or no pair with the other.
 * DT_NO_MEMORY. DT_INTERNAL: the system refuses a thread, pipe or entropy.
 * Memory: destroy with dt_client_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_create(const struct dt_connect_options *options,
                                                   struct dt_client **ret_client, struct dt_error *error);

/* Ends all calls in progress with DT_CANCELLED (their callbacks run before this returns), closes the
 * connection and frees the client. NULL allowed.
 * Thread: any but a callback of this client, and not while another thread uses it. */
DT_API void dt_client_destroy(struct dt_client *client);

/* Calls retry by themselves while the service is unreachable or busy (UNAVAILABLE), with exponential
 * back-off and jitter, until their time-out. A call whose request may have reached the service before
 * the connection broke is retried only if doing it twice is the same as doing it once; RaiseEvent is
 * not, and gives DT_UNAVAILABLE.
 *
 * Each call exists twice, unless it says otherwise. The blocking form must not be used from a callback (DT_FAILED_PRECONDITION).
 * The asynchronous form returns DT_OK if `on_reply` will be called, exactly once; else it was not
 * started and `on_reply` is never called. It gives `context` back to the callback.
 *
 * Common errors, of every call besides those named with it: DT_INVALID_ARGUMENT (a NULL or malformed
 * parameter, here or at the service); DT_NOT_FOUND (unknown task hub); DT_DEADLINE_EXCEEDED;
 * DT_UNAVAILABLE; DT_UNAUTHENTICATED; DT_PERMISSION_DENIED; DT_RESOURCE_EXHAUSTED; DT_UNIMPLEMENTED;
 * DT_INTERNAL; DT_CANCELLED; DT_FAILED_PRECONDITION (a blocking call from a callback; or at the endpoint is
 * something that is no such service, told at once since no retry heals it: clear text instead of TLS or the other
 * way round, HTTP/1.1, a certificate for another host); DT_NO_MEMORY.
 * The asynchronous form itself only returns DT_INVALID_ARGUMENT, DT_CANCELLED and DT_NO_MEMORY; the
 * rest is the reply's.
 *
 * Receives the outcome of an asynchronous call. `reply`: see the functions below.
 * Memory: the reply is valid during the callback.
 * Thread: called on the client's input/output thread, maybe before the starting function has returned;
 * must not block; may start further asynchronous calls. */
typedef void dt_on_reply(const struct dt_reply *reply, void *context);

/* How the call ended.
 * Errors: those of the call.
 * Thread: the callback's. */
DT_API enum dt_status dt_reply_status(const struct dt_reply *reply);

/* Why, in one line for people; "" on DT_OK.
 * Memory: valid during the callback; never NULL.
 * Thread: the callback's. */
DT_API const char *dt_reply_text(const struct dt_reply *reply);

/* Of start and restart: the instance's id. NULL for other calls, and on failure.
 * Memory: valid during the callback.
 * Thread: the callback's. */
DT_API const char *dt_reply_instance_id(const struct dt_reply *reply);

/* Of get, wait_start and wait_completion: the instance. NULL for other calls, and on failure.
 * Memory: valid during the callback; dt_instance_copy keeps it.
 * Thread: the callback's. */
DT_API const struct dt_instance *dt_reply_instance(const struct dt_reply *reply);

/* Of query: the page. NULL for other calls, and on failure.
 * Memory: valid during the callback.
 * Thread: the callback's. */
DT_API const struct dt_page *dt_reply_page(const struct dt_reply *reply);

/* Of history: the events. NULL for other calls, and on failure.
 * Memory: valid during the callback.
 * Thread: the callback's. */
DT_API const struct dt_history *dt_reply_history(const struct dt_reply *reply);

/* Of purge: how many instances were deleted, and in `ret_complete` (NULL allowed) whether all that
 * matched are gone. 0 and false for other calls, and on failure.
 * Thread: the callback's. */
DT_API int32_t dt_reply_purged(const struct dt_reply *reply, bool *ret_complete);

/* Of list_ids and skip_termination: the ids. NULL for other calls, and on failure. Since 0.2.
 * Memory: valid during the callback.
 * Thread: the callback's. */
DT_API const struct dt_ids *dt_reply_ids(const struct dt_reply *reply);

/* Of get_entity and get_schedule: the entity. NULL for other calls, and on failure. Since 0.2.
 * Memory: valid during the callback; dt_entity_copy keeps it.
 * Thread: the callback's. */
DT_API const struct dt_entity *dt_reply_entity(const struct dt_reply *reply);

/* Of query_entities: the page. NULL for other calls, and on failure. Since 0.2.
 * Memory: valid during the callback.
 * Thread: the callback's. */
DT_API const struct dt_entities *dt_reply_entities(const struct dt_reply *reply);

/* Of clean_entities: how many entities were removed, and in `ret_released` (NULL allowed) how many locks were released. 0
 * for other calls, and on failure. Since 0.2.
 * Thread: the callback's. */
DT_API int32_t dt_reply_cleaned(const struct dt_reply *reply, int32_t *ret_released);

/* What may happen to an instance that already has the id. */
enum dt_reuse {
    /* no policy is sent: a final instance is replaced, a live one gives DT_ALREADY_EXISTS */
    DT_REUSE_FINAL = 0,
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
    /* Since 0.2. */
    const char *trace_parent; /* W3C traceparent of who starts it; NULL: none */
    const char *trace_state;  /* W3C tracestate; NULL: none */
    const char *task_hub; /* another hub of the same service; NULL: the client's. Of a client's starts only */
};

/* Size of an instance id that this library or the service makes, with its NUL; ids given by the caller
 * may be longer. */
#define DT_INSTANCE_ID_SIZE 128 /* bytes */

/* Starts an orchestration (StartInstance). `name`: of the orchestrator; not empty. `options`: NULL for
 * defaults. `ret_instance_id`: NULL allowed; the id is cut if it does not fit, which the service's
 * limit of 100 characters prevents. `on_reply`: finds the id in the reply.
 * Errors: DT_ALREADY_EXISTS: see `reuse`. DT_INVALID_ARGUMENT: also an id that the service does not
 * allow, or a `task_hub` that cannot be one. Common errors. DT_UNAVAILABLE also: the
 * connection broke after the request was written, and the service does not tell whose work the instance of this id is; the
 * text says so. In every other case a start whose answer is lost is done once: the client looks before it sends again.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_start(struct dt_client *client, const char *name,
                                                  const struct dt_start_options *options,
                                                  char ret_instance_id[DT_INSTANCE_ID_SIZE],
                                                  struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_start_async(struct dt_client *client, const char *name,
                                                        const struct dt_start_options *options,
                                                        dt_on_reply *on_reply, void *context);

/* Reads an instance (GetInstance). `instance_id`: not empty. `payloads`: also input, output, custom
 * status and failure. `ret_instance`: a snapshot; NULL allowed. `on_reply`: finds it in the reply.
 * Errors: DT_NOT_FOUND: no such instance. Common errors.
 * Memory: destroy with dt_instance_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_get(struct dt_client *client, const char *instance_id,
                                                bool payloads, struct dt_instance **ret_instance,
                                                struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_get_async(struct dt_client *client, const char *instance_id,
                                                      bool payloads, dt_on_reply *on_reply, void *context);

/* Waits until the instance has left "pending" (WaitForInstanceStart). Lost connections are made again
 * without an end of the wait. `instance_id`: not empty; an unknown one is waited for as well.
 * `timeout_ms`: below 0 waits without an end; 0 asks once and hardly waits. `ret_instance`: a snapshot
 * with payloads; NULL allowed. `on_reply`: finds it in the reply.
 * Errors: DT_DEADLINE_EXCEEDED: it has not. DT_UNAVAILABLE: and there was no connection at the end.
 * Common errors.
 * Memory: destroy with dt_instance_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_wait_start(struct dt_client *client, const char *instance_id,
                                                       int64_t timeout_ms, struct dt_instance **ret_instance,
                                                       struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_wait_start_async(struct dt_client *client,
                                                             const char *instance_id, int64_t timeout_ms,
                                                             dt_on_reply *on_reply, void *context);

/* Waits until the instance is completed, failed, cancelled or terminated (WaitForInstanceCompletion).
 * Otherwise as dt_client_wait_start: `instance_id`, `timeout_ms`, `ret_instance`, `on_reply`.
 * Errors: DT_DEADLINE_EXCEEDED: it is not. DT_UNAVAILABLE: and there was no connection at the end.
 * Common errors.
 * Memory: destroy with dt_instance_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_wait_completion(struct dt_client *client, const char *instance_id,
                                                            int64_t timeout_ms,
                                                            struct dt_instance **ret_instance,
                                                            struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_wait_completion_async(struct dt_client *client,
                                                                  const char *instance_id, int64_t timeout_ms,
                                                                  dt_on_reply *on_reply, void *context);

/* Sends an external event (RaiseEvent). It is kept until the orchestration waits for its `name` (not
 * empty; compared without regard to the case of ASCII letters). `instance_id`: not empty. `data`: NULL
 * for none. Events for a final instance are dropped by the service without a word. `on_reply`: has only
 * the status.
 * Errors: DT_NOT_FOUND: no such instance (services may also accept it in silence). DT_UNAVAILABLE: the
 * connection broke after the request was written, so the event may or may not have been taken. Common
 * errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_raise_event(struct dt_client *client, const char *instance_id,
                                                        const char *name, const char *data,
                                                        struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_raise_event_async(struct dt_client *client,
                                                              const char *instance_id, const char *name,
                                                              const char *data, dt_on_reply *on_reply,
                                                              void *context);

/* Ends an instance (TerminateInstance); it is terminated as soon as the service and a worker have taken
 * note. No effect on a final one. `instance_id`: not empty. `output`: becomes its output; NULL for
 * none. `recursive`: its children too. `on_reply`: has only the status.
 * Errors: DT_NOT_FOUND: no such instance. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_terminate(struct dt_client *client, const char *instance_id,
                                                      const char *output, bool recursive,
                                                      struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_terminate_async(struct dt_client *client, const char *instance_id,
                                                            const char *output, bool recursive,
                                                            dt_on_reply *on_reply, void *context);

/* Suspends an instance (SuspendInstance): its orchestrator decides nothing more until it is resumed;
 * activities and timers go on. No effect on a final one. `instance_id`: not empty. `reason`: for its
 * history; NULL for none. `on_reply`: has only the status.
 * Errors: DT_NOT_FOUND: no such instance. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_suspend(struct dt_client *client, const char *instance_id,
                                                    const char *reason, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_suspend_async(struct dt_client *client, const char *instance_id,
                                                          const char *reason, dt_on_reply *on_reply,
                                                          void *context);

/* Resumes a suspended instance (ResumeInstance); what came meanwhile is handled in its order. No effect
 * on any other. `instance_id`: not empty. `reason`: for its history; NULL for none. `on_reply`: has
 * only the status.
 * Errors: DT_NOT_FOUND: no such instance. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_resume(struct dt_client *client, const char *instance_id,
                                                   const char *reason, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_resume_async(struct dt_client *client, const char *instance_id,
                                                         const char *reason, dt_on_reply *on_reply,
                                                         void *context);

/* Repairs a failed instance (RewindInstance): what failed in it, and in its children, is forgotten and run
 * again, what succeeded is kept. `instance_id`: not empty. `reason`: for its history; NULL for none.
 * `on_reply`: has only the status. Since 0.2.
 * Errors: DT_NOT_FOUND: no such instance. DT_FAILED_PRECONDITION: it has not failed. DT_UNAVAILABLE: the
 * connection broke after the request was written, so it may or may not have been rewound. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_rewind(struct dt_client *client, const char *instance_id,
                                                   const char *reason, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_rewind_async(struct dt_client *client, const char *instance_id,
                                                         const char *reason, dt_on_reply *on_reply,
                                                         void *context);

/* Runs an orchestration once more with the name, input, version and tags of this instance (RestartInstance).
 * `instance_id`: not empty. `new_id`: under an id that the service makes, while the old one stays; else under
 * the same id, which must be final. `ret_instance_id`: of the new run; NULL allowed; cut if it does not fit.
 * `on_reply`: finds the id in the reply. Since 0.2.
 * Errors: DT_NOT_FOUND: no such instance. DT_FAILED_PRECONDITION: the same id, and it is not final.
 * DT_UNAVAILABLE: the connection broke after the request was written, so it may or may not have been
 * restarted. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_restart(struct dt_client *client, const char *instance_id,
                                                    bool new_id, char ret_instance_id[DT_INSTANCE_ID_SIZE],
                                                    struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_restart_async(struct dt_client *client, const char *instance_id,
                                                          bool new_id, dt_on_reply *on_reply, void *context);

/* Ends instances at once, without asking a worker (SkipGracefulOrchestrationTerminations). `instance_ids`:
 * `count` of them, at most DT_IDS_MAX, none of them NULL or empty. `reason`: becomes their output; NULL for
 * none. `ret_ids`: those that were not ended, for they are unknown, final, or hold locks; NULL allowed.
 * `on_reply`: finds them in the reply. Since 0.2.
 * Errors: common errors.
 * Memory: destroy with dt_ids_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_skip_termination(struct dt_client *client,
                                                             const char *const *instance_ids, size_t count,
                                                             const char *reason, struct dt_ids **ret_ids,
                                                             struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_skip_termination_async(struct dt_client *client,
                                                                   const char *const *instance_ids,
                                                                   size_t count, const char *reason,
                                                                   dt_on_reply *on_reply, void *context);

#define DT_IDS_MAX 500 /* instance ids in one call that takes several */

/* Which instances dt_client_purge_matching deletes. */
struct dt_purge_filter {
    size_t size;
    int64_t created_from_ns; /* inclusive; 0: no bound */
    int64_t created_to_ns;   /* exclusive; 0: no bound */
    unsigned statuses;       /* DT_STATUS_BITs; 0: all final ones. Others match nothing */
    int64_t timeout_ms;      /* the service stops after this and says "not complete"; 0: none */
};

/* Deletes a final instance with its history (PurgeInstances). `instance_id`: not empty. `recursive`:
 * its final children too. `ret_count`: how many instances are gone, 0 if it is unknown or not final;
 * NULL allowed. `on_reply`: finds that in the reply.
 * Errors: DT_FAILED_PRECONDITION: some services, for an instance that is not final. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_purge(struct dt_client *client, const char *instance_id,
                                                  bool recursive, int32_t *ret_count, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_purge_async(struct dt_client *client, const char *instance_id,
                                                        bool recursive, dt_on_reply *on_reply, void *context);

/* Deletes all final instances that match (PurgeInstances). `filter`: which. `ret_count`: how many are
 * gone; NULL allowed. `ret_complete`: whether those are all, else call again; NULL allowed. `on_reply`:
 * finds both in the reply.
 * Errors: common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_purge_matching(struct dt_client *client,
                                                           const struct dt_purge_filter *filter,
                                                           int32_t *ret_count, bool *ret_complete,
                                                           struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_purge_matching_async(struct dt_client *client,
                                                                 const struct dt_purge_filter *filter,
                                                                 dt_on_reply *on_reply, void *context);

/* Deletes final instances by their ids (PurgeInstances). `instance_ids`: `count` of them, at most DT_IDS_MAX,
 * none of them NULL or empty. `recursive`: their final children too. `ret_count`: how many are gone; NULL
 * allowed. `on_reply`: finds that in the reply. Since 0.2.
 * Errors: common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_purge_ids(struct dt_client *client,
                                                      const char *const *instance_ids, size_t count,
                                                      bool recursive, int32_t *ret_count,
                                                      struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_purge_ids_async(struct dt_client *client,
                                                            const char *const *instance_ids, size_t count,
                                                            bool recursive, dt_on_reply *on_reply,
                                                            void *context);

/* Which instances dt_client_query reads, and how many at once. */
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

/* Reads one page of instances (QueryInstances). `query`: NULL for the first page of all. `ret_page`:
 * the page. `on_reply`: finds it in the reply.
 * Errors: DT_INVALID_ARGUMENT: also a page_token that is not the service's. Common errors.
 * Memory: destroy with dt_page_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_query(struct dt_client *client, const struct dt_query *query,
                                                  struct dt_page **ret_page, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_query_async(struct dt_client *client,
                                                        const struct dt_query *query, dt_on_reply *on_reply,
                                                        void *context);

/* Which ids dt_client_list_ids reads, and how many at once. Since 0.2. */
struct dt_id_query {
    size_t size;
    unsigned statuses;         /* DT_STATUS_BITs; 0: all final ones. Others match nothing */
    int64_t completed_from_ns; /* inclusive; 0: no bound */
    int64_t completed_to_ns;   /* exclusive; 0: no bound */
    int32_t page_size;         /* ids; 0: the service's default */
    const char *page_token;    /* of dt_ids_token; NULL: the first page */
};

/* Reads one page of the ids of final instances, in the order in which they became final (ListInstanceIds).
 * `query`: NULL for the first page of all. `ret_ids`: the page. `on_reply`: finds it in the reply. Since 0.2.
 * Errors: DT_INVALID_ARGUMENT: also a page_token that is not the service's. Common errors.
 * Memory: destroy with dt_ids_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_list_ids(struct dt_client *client,
                                                     const struct dt_id_query *query, struct dt_ids **ret_ids,
                                                     struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_list_ids_async(struct dt_client *client,
                                                           const struct dt_id_query *query,
                                                           dt_on_reply *on_reply, void *context);

/* Reads the history of the current execution (StreamInstanceHistory). `instance_id`: not empty.
 * `ret_history`: the events; none for an unknown id. `on_reply`: finds it in the reply.
 * Errors: DT_NOT_FOUND: some services, for an unknown id. Common errors.
 * Memory: destroy with dt_history_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_history(struct dt_client *client, const char *instance_id,
                                                    struct dt_history **ret_history, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_history_async(struct dt_client *client, const char *instance_id,
                                                          dt_on_reply *on_reply, void *context);

/* Makes the task hub of this client (CreateTaskHub). `recreate`: what it holds is dropped, should it exist.
 * `on_reply`: has only the status. Since 0.2.
 * Errors: DT_ALREADY_EXISTS: some services, unless `recreate`. DT_UNAVAILABLE: the connection broke after the
 * request was written, so it may or may not have been made. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_create_hub(struct dt_client *client, bool recreate,
                                                       struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_create_hub_async(struct dt_client *client, bool recreate,
                                                             dt_on_reply *on_reply, void *context);

/* Deletes the task hub of this client and all that is in it (DeleteTaskHub). `on_reply`: has only the status.
 * Since 0.2.
 * Errors: DT_FAILED_PRECONDITION: the service keeps it. DT_UNAVAILABLE: the connection broke after the request was
 * written, so it may or may not be gone. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_delete_hub(struct dt_client *client, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_delete_hub_async(struct dt_client *client, dt_on_reply *on_reply,
                                                             void *context);

/* How an entity is signalled. Since 0.2. */
struct dt_signal_options {
    size_t size;
    int64_t at_ns;            /* not before this; 0: now */
    const char *trace_parent; /* W3C traceparent of the sender; NULL: none. Of a client's signals only */
    const char *trace_state;  /* W3C tracestate; NULL: none. Of a client's signals only */
};

/* Has an entity run an operation, one way (SignalEntity). An entity need not be made before. `entity`: which.
 * `operation`: its name, not empty. `input`: NULL for none. `options`: NULL for defaults. `on_reply`: has only
 * the status. Since 0.2.
 * Errors: DT_UNAVAILABLE: the connection broke after the request was written, so the signal may or may not
 * have been taken. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status
dt_client_signal_entity(struct dt_client *client, struct dt_entity_id entity, const char *operation,
                        const char *input, const struct dt_signal_options *options, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_signal_entity_async(struct dt_client *client,
                                                                struct dt_entity_id entity,
                                                                const char *operation, const char *input,
                                                                const struct dt_signal_options *options,
                                                                dt_on_reply *on_reply, void *context);

/* Reads an entity (GetEntity). `entity`: which. `state`: also its state. `ret_entity`: a snapshot; NULL
 * allowed. `on_reply`: finds it in the reply. Since 0.2.
 * Errors: DT_NOT_FOUND: it has no state. Common errors.
 * Memory: destroy with dt_entity_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_get_entity(struct dt_client *client, struct dt_entity_id entity,
                                                       bool state, struct dt_entity **ret_entity,
                                                       struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_get_entity_async(struct dt_client *client,
                                                             struct dt_entity_id entity, bool state,
                                                             dt_on_reply *on_reply, void *context);

/* Which entities dt_client_query_entities reads, and how many at once. Since 0.2. */
struct dt_entity_query {
    size_t size;
    const char *id_prefix;    /* of "@name@key", or of "name@key"; NULL or "": all */
    int64_t modified_from_ns; /* inclusive; 0: no bound */
    int64_t modified_to_ns;   /* exclusive; 0: no bound */
    int32_t page_size;        /* entities; 0: the service's default */
    const char *page_token;   /* of dt_entities_token; NULL: the first page */
    bool state;               /* also their states */
    bool transient;           /* also those without a state, which have signals waiting or are locked */
};

/* Reads one page of entities (QueryEntities). `query`: NULL for the first page of all. `ret_entities`: the
 * page. `on_reply`: finds it in the reply. Since 0.2.
 * Errors: DT_INVALID_ARGUMENT: also a page_token that is not the service's. Common errors.
 * Memory: destroy with dt_entities_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_query_entities(struct dt_client *client,
                                                           const struct dt_entity_query *query,
                                                           struct dt_entities **ret_entities,
                                                           struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_query_entities_async(struct dt_client *client,
                                                                 const struct dt_entity_query *query,
                                                                 dt_on_reply *on_reply, void *context);

/* Has the service tidy its entities (CleanEntityStorage): remove those that are empty, if `remove_empty`, and
 * release locks of instances that are gone, if `release_locks`. Goes on until all are done. `ret_removed`,
 * `ret_released`: how many; NULL allowed. Services that tidy by themselves answer 0. `on_reply`: finds both in
 * the reply (dt_reply_cleaned). Since 0.2.
 * Errors: common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_clean_entities(struct dt_client *client, bool remove_empty,
                                                           bool release_locks, int32_t *ret_removed,
                                                           int32_t *ret_released, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_clean_entities_async(struct dt_client *client, bool remove_empty,
                                                                 bool release_locks, dt_on_reply *on_reply,
                                                                 void *context);

/* An instance is a snapshot and never changes. Strings that may be absent are NULL then; instants that
 * are absent are 0. Input, output, custom status and failure are absent if they were not asked for. */

/* Its id. Never NULL.
 * Memory: valid as long as the instance.
 * Thread: any. */
DT_API const char *dt_instance_id(const struct dt_instance *instance);

/* Name of its orchestrator. Never NULL.
 * Memory: valid as long as the instance.
 * Thread: any. */
DT_API const char *dt_instance_name(const struct dt_instance *instance);

/* Its version; NULL: unversioned.
 * Memory: valid as long as the instance.
 * Thread: any. */
DT_API const char *dt_instance_version(const struct dt_instance *instance);

/* Where it stood when it was read.
 * Thread: any. */
DT_API enum dt_instance_status dt_instance_status(const struct dt_instance *instance);

/* When it was started.
 * Thread: any. */
DT_API int64_t dt_instance_created_ns(const struct dt_instance *instance);

/* When it last changed.
 * Thread: any. */
DT_API int64_t dt_instance_updated_ns(const struct dt_instance *instance);

/* When it became final; 0: it is not.
 * Thread: any. */
DT_API int64_t dt_instance_completed_ns(const struct dt_instance *instance);

/* When it is or was to begin; 0: at once.
 * Thread: any. */
DT_API int64_t dt_instance_scheduled_start_ns(const struct dt_instance *instance);

/* What it was started with; NULL: absent.
 * Memory: valid as long as the instance.
 * Thread: any. */
DT_API const char *dt_instance_input(const struct dt_instance *instance);

/* Its result, or the output given to a termination; NULL: absent.
 * Memory: valid as long as the instance.
 * Thread: any. */
DT_API const char *dt_instance_output(const struct dt_instance *instance);

/* What its orchestrator set last; NULL: absent.
 * Memory: valid as long as the instance.
 * Thread: any. */
DT_API const char *dt_instance_custom_status(const struct dt_instance *instance);

/* Of its current execution, a new one after each continue-as-new; NULL: the service did not say.
 * Memory: valid as long as the instance.
 * Thread: any. */
DT_API const char *dt_instance_execution_id(const struct dt_instance *instance);

/* Of the instance whose child it is; NULL: no parent, or the service did not say.
 * Memory: valid as long as the instance.
 * Thread: any. */
DT_API const char *dt_instance_parent_id(const struct dt_instance *instance);

/* Why it failed; NULL: it did not.
 * Memory: valid as long as the instance.
 * Thread: any. */
DT_API const struct dt_failure *dt_instance_failure(const struct dt_instance *instance);

/* The value of the tag `key`; NULL: it has none.
 * Memory: valid as long as the instance.
 * Thread: any. */
DT_API const char *dt_instance_tag(const struct dt_instance *instance, const char *key);

/* All tags, `ret_count` of them; NULL if there are none.
 * Memory: valid as long as the instance.
 * Thread: any. */
DT_API const struct dt_tag *dt_instance_tags(const struct dt_instance *instance, size_t *ret_count);

/* Frees an instance that is the caller's, not one that belongs to a page or a reply. NULL allowed.
 * Thread: any; nobody may use it at the same time. */
DT_API void dt_instance_destroy(struct dt_instance *instance);

/* Keeps an instance of a page or a reply for longer. `ret_copy`: the same snapshot.
 * Errors: DT_INVALID_ARGUMENT: a NULL. DT_NO_MEMORY.
 * Memory: destroy with dt_instance_destroy; independent of the original.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_instance_copy(const struct dt_instance *instance,
                                                   struct dt_instance **ret_copy);

/* How many instances the page holds.
 * Thread: any. */
DT_API size_t dt_page_count(const struct dt_page *page);

/* Instance `index`, which must be below the count. Never NULL.
 * Memory: valid as long as the page.
 * Thread: any. */
DT_API const struct dt_instance *dt_page_instance(const struct dt_page *page, size_t index);

/* What to put into `page_token` for the next page; NULL: this was the last.
 * Memory: valid as long as the page.
 * Thread: any. */
DT_API const char *dt_page_token(const struct dt_page *page);

/* Frees a page that is the caller's, not one that belongs to a reply. NULL allowed.
 * Thread: any; nobody may use it at the same time. */
DT_API void dt_page_destroy(struct dt_page *page);

/* How many ids there are. Since 0.2.
 * Thread: any. */
DT_API size_t dt_ids_count(const struct dt_ids *ids);

/* Id `index`, which must be below the count. Never NULL. Since 0.2.
 * Memory: valid as long as the list.
 * Thread: any. */
DT_API const char *dt_ids_get(const struct dt_ids *ids, size_t index);

/* What to put into `page_token` for the next page; NULL: this was the last. Since 0.2.
 * Memory: valid as long as the list.
 * Thread: any. */
DT_API const char *dt_ids_token(const struct dt_ids *ids);

/* Frees a list that is the caller's, not one that belongs to a reply. NULL allowed. Since 0.2.
 * Thread: any; nobody may use it at the same time. */
DT_API void dt_ids_destroy(struct dt_ids *ids);

/* An entity is a snapshot and never changes. */

/* Its id; neither member is NULL. Since 0.2.
 * Memory: valid as long as the entity.
 * Thread: any. */
DT_API struct dt_entity_id dt_entity_id_of(const struct dt_entity *entity);

/* Its state; NULL: it has none, or it was not asked for. Since 0.2.
 * Memory: valid as long as the entity.
 * Thread: any. */
DT_API const char *dt_entity_state(const struct dt_entity *entity);

/* When it last ran an operation. Since 0.2.
 * Thread: any. */
DT_API int64_t dt_entity_modified_ns(const struct dt_entity *entity);

/* How many operations wait for it. Since 0.2.
 * Thread: any. */
DT_API int32_t dt_entity_backlog(const struct dt_entity *entity);

/* Id of the instance that has locked it; NULL: nobody. Since 0.2.
 * Memory: valid as long as the entity.
 * Thread: any. */
DT_API const char *dt_entity_locked_by(const struct dt_entity *entity);

/* Keeps an entity of a page or a reply for longer. `ret_copy`: the same snapshot. Since 0.2.
 * Errors: DT_INVALID_ARGUMENT: a NULL. DT_NO_MEMORY.
 * Memory: destroy with dt_entity_destroy; independent of the original.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_entity_copy(const struct dt_entity *entity, struct dt_entity **ret_copy);

/* Frees an entity that is the caller's, not one that belongs to a page or a reply. NULL allowed. Since 0.2.
 * Thread: any; nobody may use it at the same time. */
DT_API void dt_entity_destroy(struct dt_entity *entity);

/* How many entities the page holds. Since 0.2.
 * Thread: any. */
DT_API size_t dt_entities_count(const struct dt_entities *entities);

/* Entity `index`, which must be below the count. Never NULL. Since 0.2.
 * Memory: valid as long as the page.
 * Thread: any. */
DT_API const struct dt_entity *dt_entities_get(const struct dt_entities *entities, size_t index);

/* What to put into `page_token` for the next page; NULL: this was the last. Since 0.2.
 * Memory: valid as long as the page.
 * Thread: any. */
DT_API const char *dt_entities_token(const struct dt_entities *entities);

/* Frees a page that is the caller's, not one that belongs to a reply. NULL allowed. Since 0.2.
 * Thread: any; nobody may use it at the same time. */
DT_API void dt_entities_destroy(struct dt_entities *entities);

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
    DT_EVENT_ENTITY_SIGNALED = 23,
    DT_EVENT_ENTITY_CALLED = 24,
    DT_EVENT_ENTITY_COMPLETED = 25,
    DT_EVENT_ENTITY_FAILED = 26,
    DT_EVENT_ENTITY_LOCK_REQUESTED = 27,
    DT_EVENT_ENTITY_LOCK_GRANTED = 28,
    DT_EVENT_ENTITY_UNLOCK_SENT = 29,
    DT_EVENT_EXECUTION_REWOUND = 30
};

/* The kind's name in the protocol, such as "TaskScheduled"; "Unknown" for others. `kind`: any number.
 * Memory: static; never NULL.
 * Thread: any. */
DT_API const char *dt_event_kind_name(enum dt_event_kind kind);

/* One event, filled by dt_history_event. Pointers live as long as the history. */
struct dt_event {
    size_t size;
    enum dt_event_kind kind; /* decides which of the following are set */
    int32_t id;              /* of the action that made it; -1 for events from outside */
    int32_t task_id;         /* of the action it answers (TaskCompleted, TimerFired, …); 0 otherwise */
    int64_t time_ns;
    int64_t fire_at_ns;      /* timers; else 0 */
    const char *name;        /* orchestration, activity, event or operation; NULL: the kind has none */
    const char *instance_id; /* ChildCreated, EventSent, entity messages; else NULL */
    const char *data;        /* input, result or reason; of a lock's request the entities; NULL: absent */
    const struct dt_failure *failure; /* NULL: none */
    enum dt_instance_status status;   /* of ExecutionCompleted; else DT_INSTANCE_RUNNING */
    /* Since 0.2. */
    const char *version;    /* of what is started; NULL: unversioned, or the kind has none */
    const char *request_id; /* of an entity's operation, or of a critical section; else NULL */
};

/* How many events there are.
 * Thread: any. */
DT_API size_t dt_history_count(const struct dt_history *history);

/* Fills `ret_event`, whose size the caller has set, with event `index`, which must be below the count.
 * Memory: its pointers are valid as long as the history.
 * Thread: any. */
DT_API void dt_history_event(const struct dt_history *history, size_t index, struct dt_event *ret_event);

/* Frees a history that is the caller's, not one that belongs to a reply. NULL allowed.
 * Thread: any; nobody may use it at the same time. */
DT_API void dt_history_destroy(struct dt_history *history);

/* ------------------------------------------------------------ schedules */

/* A schedule starts an orchestration again and again. It is an entity of the kind "schedule", kept as the SDKs of
 * .NET and Python keep theirs. It is run by the workers that have called dt_worker_register_schedules, whose schedules
 * their clients may change, too; the calls below also reach .NET's workers.
 * Each change below runs an orchestration that calls the entity, and waits for it: without such a worker it ends with
 * DT_DEADLINE_EXCEEDED. */

/* How a schedule stands. */
enum dt_schedule_status { DT_SCHEDULE_NONE = 0, DT_SCHEDULE_ACTIVE = 1, DT_SCHEDULE_PAUSED = 2 };

/* What becomes of a first run whose time has passed when the schedule is made. */
enum dt_late {
    DT_LATE_DEFAULT = 0, /* new: left out; updated: as it was */
    DT_LATE_SKIP = 1,    /* left out: the first run is at the next whole interval */
    DT_LATE_RUN = 2      /* run at once */
};

/* What a schedule does. Since 0.2. */
struct dt_schedule_options {
    size_t size;
    const char *orchestration; /* its name. Of an update: NULL leaves it; so for the rest */
    const char *input;         /* of each run; NULL: none */
    /* of each run, of which one at a time is there then; NULL: made from id and time */
    const char *instance_id;
    int64_t interval_ms; /* between runs, at least 1 000. Of an update: 0 leaves it */
    int64_t start_at_ns; /* from which the intervals count; 0: when it is made */
    int64_t end_at_ns;   /* when it is deleted; 0: never */
    enum dt_late late;
};

/* Makes a schedule, or replaces what one of this id does. `schedule_id`: not empty. `options`: not NULL.
 * `timeout_ms`: below 0 waits without an end. `on_reply`: has only the status. Since 0.2.
 * Errors: DT_INVALID_ARGUMENT: also an option that the schedule refuses. DT_DEADLINE_EXCEEDED: no worker has done
 * it in time; it may still. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_create_schedule(struct dt_client *client, const char *schedule_id,
                                                            const struct dt_schedule_options *options,
                                                            int64_t timeout_ms, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_create_schedule_async(struct dt_client *client,
                                                                  const char *schedule_id,
                                                                  const struct dt_schedule_options *options,
                                                                  int64_t timeout_ms, dt_on_reply *on_reply,
                                                                  void *context);

/* Changes what `options` (not NULL) sets. `schedule_id`: not empty. `timeout_ms`, `on_reply`: as above. Since 0.2.
 * Errors: DT_FAILED_PRECONDITION: there is none, or the schedule refuses it. DT_DEADLINE_EXCEEDED: as above. Common
 * errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_update_schedule(struct dt_client *client, const char *schedule_id,
                                                            const struct dt_schedule_options *options,
                                                            int64_t timeout_ms, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_update_schedule_async(struct dt_client *client,
                                                                  const char *schedule_id,
                                                                  const struct dt_schedule_options *options,
                                                                  int64_t timeout_ms, dt_on_reply *on_reply,
                                                                  void *context);

/* Lets it rest until it is resumed. `schedule_id`: not empty. `timeout_ms`, `on_reply`: as above. Since 0.2.
 * Errors: DT_FAILED_PRECONDITION: it is not active. DT_DEADLINE_EXCEEDED: as above. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_pause_schedule(struct dt_client *client, const char *schedule_id,
                                                           int64_t timeout_ms, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_pause_schedule_async(struct dt_client *client,
                                                                 const char *schedule_id, int64_t timeout_ms,
                                                                 dt_on_reply *on_reply, void *context);

/* Goes on, with the next whole interval. `schedule_id`: not empty. `timeout_ms`, `on_reply`: as above. Since 0.2.
 * Errors: DT_FAILED_PRECONDITION: it is not paused. DT_DEADLINE_EXCEEDED: as above. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_resume_schedule(struct dt_client *client, const char *schedule_id,
                                                            int64_t timeout_ms, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_resume_schedule_async(struct dt_client *client,
                                                                  const char *schedule_id, int64_t timeout_ms,
                                                                  dt_on_reply *on_reply, void *context);

/* Deletes it; what it has started runs on. `schedule_id`: not empty. `timeout_ms`, `on_reply`: as above. Since 0.2.
 * Errors: DT_DEADLINE_EXCEEDED: as above. Common errors.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_delete_schedule(struct dt_client *client, const char *schedule_id,
                                                            int64_t timeout_ms, struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_delete_schedule_async(struct dt_client *client,
                                                                  const char *schedule_id, int64_t timeout_ms,
                                                                  dt_on_reply *on_reply, void *context);

struct dt_schedule; /* a snapshot of a schedule */

/* Reads a schedule. `schedule_id`: not empty. `ret_schedule`: a snapshot. `on_reply`: gives dt_reply_entity to
 * dt_schedule_of; if dt_entity_state is NULL, there is no schedule any more. Needs no worker. To list schedules, query the entities of the prefix "@schedule@", with their states,
 * and give each to dt_schedule_of. Since 0.2.
 * Errors: DT_NOT_FOUND: there is none. DT_INTERNAL: its state cannot be read. Common errors.
 * Memory: destroy with dt_schedule_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_client_get_schedule(struct dt_client *client, const char *schedule_id,
                                                         struct dt_schedule **ret_schedule,
                                                         struct dt_error *error);
DT_API DT_MUST_USE enum dt_status dt_client_get_schedule_async(struct dt_client *client,
                                                               const char *schedule_id, dt_on_reply *on_reply,
                                                               void *context);

/* The schedule that `entity` is. `ret_schedule`: a snapshot. Since 0.2.
 * Errors: DT_INVALID_ARGUMENT: a NULL, or it is no schedule, or was read without its state. DT_INTERNAL: its state
 * cannot be read. DT_NO_MEMORY.
 * Memory: destroy with dt_schedule_destroy; independent of the entity.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_schedule_of(const struct dt_entity *entity,
                                                 struct dt_schedule **ret_schedule);

/* What a schedule is, filled by dt_schedule_read. Pointers live as long as the schedule. Since 0.2. */
struct dt_schedule_info {
    size_t size;
    const char *id;                 /* never NULL */
    enum dt_schedule_status status; /* how it stands */
    const char *orchestration;      /* never NULL */
    const char *input;              /* NULL: none */
    const char *instance_id;        /* NULL: made for each run */
    int64_t interval_ms;            /* between runs */
    int64_t start_at_ns;            /* 0: when it was made */
    int64_t end_at_ns;              /* 0: never */
    int64_t created_ns;             /* when it was made */
    int64_t modified_ns;            /* when it was last changed */
    int64_t last_run_ns;            /* 0: never yet */
    int64_t next_run_ns;            /* 0: not known, or paused */
    bool start_if_late;             /* a first run whose time had passed was run */
};

/* Fills `ret_info`, whose size the caller has set. Since 0.2.
 * Memory: its pointers are valid as long as the schedule.
 * Thread: any. */
DT_API void dt_schedule_read(const struct dt_schedule *schedule, struct dt_schedule_info *ret_info);

/* Frees it. NULL allowed. Since 0.2.
 * Thread: any; nobody may use it at the same time. */
DT_API void dt_schedule_destroy(struct dt_schedule *schedule);

/* --------------------------------------------------------------- worker */

struct dt_worker;
struct dt_context;   /* one turn of one orchestration */
struct dt_task;      /* something an orchestration may wait for; belongs to the turn */
struct dt_activity;  /* one run of an activity */
struct dt_operation; /* one run of an operation of an entity */

/* An orchestrator function. It runs from its top again on every turn, with what happened so far
 * replayed, and is left in the middle of a wait by longjmp. So it must be deterministic and tidy:
 * - it reads the time, randomness and ids only from dt_now_ns, dt_random and dt_uuid, does no input or
 *   output, and does not look at state that others change; work goes into activities;
 * - across a wait it holds no malloc'ed memory, lock or descriptor: memory comes from dt_alloc, and
 *   dt_defer runs a function however the turn ends. Local variables need not be volatile: the function
 *   is not re-entered, it is run again;
 * - it uses its dt_context only from the thread it was called on. It ends by returning: completed with
 *   the result of dt_set_result (none: absent), or failed after dt_set_failure. `ctx`: the turn.
 *   `input`: NULL if absent. `user`: as registered.
 * Memory: context and input are valid for the turn.
 * Thread: called on a thread of the worker; the same function runs on several at once for different
 * instances. */
typedef void dt_orchestrator_fn(struct dt_context *ctx, const char *input, void *user);

/* An activity: does the work, may block. It may run more than once for one call (at least once is
 * promised). It ends by returning: completed with the result of dt_activity_set_result (none: absent),
 * or failed after dt_activity_set_failure. `activity`: the run. `input`: NULL if absent. `user`: as
 * registered.
 * Memory: activity and input are valid during the call.
 * Thread: called on a thread of the worker's pool, on several at once. */
typedef void dt_activity_fn(struct dt_activity *activity, const char *input, void *user);

/* An operation of an entity: reads and changes the state, may block. The operations of one entity run one after
 * the other, those of several at the same time. It ends by returning: completed with the result of
 * dt_operation_set_result (none: absent), or failed after dt_operation_set_failure. One that fails changes
 * nothing: the state is again as it was before, and what it has signalled and started is forgotten. It may run
 * again after a loss of the worker, as if it had not run before. `operation`: the run. `input`: NULL if absent.
 * `user`: as registered. Since 0.2.
 * Memory: operation and input are valid during the call.
 * Thread: called on a thread of the worker's pool, on several at once for different entities. */
typedef void dt_operation_fn(struct dt_operation *operation, const char *input, void *user);

/* A row of the table of what an entity can do. Since 0.2. */
struct dt_entity_operation {
    /* compared without regard to the case of ASCII letters; NULL: whatever no other row names */
    const char *name;
    dt_operation_fn *fn; /* the function; not NULL */
};

/* Which instances a worker takes, by comparing `dt_worker_options.version` with the instance's.
 * Versions compare by their dot-separated parts, numerically where both are numbers; an unversioned
 * instance is older than all. */
enum dt_version_match {
    DT_VERSION_MATCH_NONE = 0,            /* all */
    DT_VERSION_MATCH_STRICT = 1,          /* the same version only */
    DT_VERSION_MATCH_CURRENT_OR_OLDER = 2 /* the same or an older one */
};

/* What a worker does with an instance that it does not take. */
enum dt_version_failure {
    DT_VERSION_REJECT = 0, /* give the work item back, for another worker */
    DT_VERSION_FAIL = 1    /* fail the orchestration with type "VersionMismatch" */
};

/* How a worker works. */
struct dt_worker_options {
    size_t size;
    const char *version;                     /* of this worker; NULL: none */
    enum dt_version_match version_match;     /* which instances it takes */
    enum dt_version_failure version_failure; /* what becomes of the others */
    const char *default_child_version;       /* for children called without a version; NULL: none */
    int32_t orchestrations_max;              /* turns that the service may hand out at once; 0: 100 per CPU */
    int32_t activities_max;       /* activities that run at once, each on its thread; 0: 16 per CPU */
    int32_t orchestrator_threads; /* threads that run turns; 0: one per CPU, at least 2 */
    size_t turn_memory_max;       /* bytes one turn may allocate; 0: 256 MiB */
    int64_t silence_max_ms;       /* without any message, reconnect; 0: 120 000 */
    int64_t stop_timeout_ms;      /* dt_worker_stop gives running activities this long; 0: 30 000 */
    /* Ask the service for registered names only. A worker without it gets everything in its hub and fails
     * what it does not know; so all workers of a hub need it if they differ in their names. */
    bool filter;
    /* Since 0.2. */
    int32_t entities_max; /* batches of operations that run at once, each on its thread; 0: 16 per CPU */
    /* Compare an activity's version in the same way as an instance's: one that is not taken is given back, or
     * fails with "VersionMismatch". */
    bool match_activities;
    /* Told each time the worker is connected, in the sense of dt_worker_wait_connected, and each time it no longer
     * is, or tried in vain. On a thread of the worker, which it must not keep or stop; NULL: nobody is told. */
    void (*on_connection)(bool connected, void *context);
    void *on_connection_context;
};

/* Makes a worker. It does nothing before it is started. `connect`: where the service is. `options`: NULL for
 * defaults. `ret_worker`: the worker.
 * Errors: DT_INVALID_ARGUMENT: as dt_client_create, or an option below 0, too large, or none of its
 * values. DT_NO_MEMORY. DT_INTERNAL: the system refuses a thread, pipe or entropy.
 * Memory: destroy with dt_worker_destroy.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_worker_create(const struct dt_connect_options *connect,
                                                   const struct dt_worker_options *options,
                                                   struct dt_worker **ret_worker, struct dt_error *error);

/* Registers an orchestrator function, before the worker is started. `name`: exact, 1..1024 bytes.
 * `version`: NULL for any version not registered by itself. `fn`: the function. `user`: handed to each
 * call; NULL allowed.
 * Errors: DT_ALREADY_EXISTS: this name and version is registered. DT_FAILED_PRECONDITION: the worker
 * has been started. DT_INVALID_ARGUMENT. DT_RESOURCE_EXHAUSTED: over 65536 of them. DT_NO_MEMORY.
 * Memory: what `user` points to must outlive the worker.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_worker_register_orchestrator(struct dt_worker *worker, const char *name,
                                                                  const char *version, dt_orchestrator_fn *fn,
                                                                  void *user, struct dt_error *error);

/* Registers an activity, before the worker is started. `name`: exact, 1..1024 bytes. `version`: NULL
 * for any version not registered by itself. `fn`: the function. `user`: handed to each call; NULL
 * allowed.
 * Errors: DT_ALREADY_EXISTS: this name and version is registered. DT_FAILED_PRECONDITION: the worker
 * has been started. DT_INVALID_ARGUMENT. DT_RESOURCE_EXHAUSTED: over 65536 of them. DT_NO_MEMORY.
 * Memory: what `user` points to must outlive the worker.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_worker_register_activity(struct dt_worker *worker, const char *name,
                                                              const char *version, dt_activity_fn *fn,
                                                              void *user, struct dt_error *error);

/* Registers a kind of entity, before the worker is started. `name`: 1..1024 bytes without '@'; its case does not
 * count. `operations`: a table of `count` rows. Where no row says otherwise, the operation "delete" removes the
 * state, and any other unknown one fails with type "EntityOperationNotFound". `user`: handed to each call; NULL
 * allowed. A worker without any gives all operations back; one with some fails those of other kinds with type
 * "EntityTaskNotFound". Since 0.2.
 * Errors: DT_ALREADY_EXISTS: this name is registered. DT_FAILED_PRECONDITION: the worker has been started.
 * DT_INVALID_ARGUMENT: also a name or row that stands twice, or a row without a function.
 * DT_RESOURCE_EXHAUSTED: over 65536 of them. DT_NO_MEMORY.
 * Memory: the table is copied; what `user` points to must outlive the worker.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_worker_register_entity(struct dt_worker *worker, const char *name,
                                                            const struct dt_entity_operation *operations,
                                                            size_t count, void *user, struct dt_error *error);

/* Registers the kind of entity "schedule" and the orchestrations by which clients of this and of other SDKs change
 * it, before the worker is started: then the worker runs schedules. Since 0.2.
 * Errors: DT_ALREADY_EXISTS: one of these names is registered. DT_FAILED_PRECONDITION: the worker has been started.
 * DT_INVALID_ARGUMENT: no worker. DT_RESOURCE_EXHAUSTED. DT_NO_MEMORY.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_worker_register_schedules(struct dt_worker *worker,
                                                               struct dt_error *error);

/* Begins the work and returns. The worker connects, says Hello, opens GetWorkItems and keeps it open:
 * lost or refused connections are made again after a random pause of up to 1 s that doubles to 30 s. A
 * worker is started once.
 * Errors: DT_FAILED_PRECONDITION: started before. DT_INVALID_ARGUMENT: no worker.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_worker_start(struct dt_worker *worker, struct dt_error *error);

/* dt_worker_start, then waits until dt_worker_request_stop or dt_worker_stop is called and the work is
 * done.
 * Errors: DT_FAILED_PRECONDITION: started before. DT_INVALID_ARGUMENT: no worker.
 * Thread: any but the worker's. */
DT_API DT_MUST_USE enum dt_status dt_worker_run(struct dt_worker *worker, struct dt_error *error);

/* Waits until the service has answered the worker's Hello and has been asked for work. `timeout_ms`:
 * below 0 waits without an end.
 * Errors: DT_DEADLINE_EXCEEDED: not yet; the last reason is in `error`. DT_FAILED_PRECONDITION: not
 * started; or what is at the endpoint is no service that this worker can use (another protocol or scheme, a
 * certificate for another host), which waiting does not heal, though the worker goes on trying. DT_CANCELLED: stopped. DT_INVALID_ARGUMENT: no worker.
 * Thread: any. */
DT_API DT_MUST_USE enum dt_status dt_worker_wait_connected(struct dt_worker *worker, int64_t timeout_ms,
                                                           struct dt_error *error);

/* Asks the worker to stop and returns at once. Again is allowed.
 * Thread: any, and a signal handler. */
DT_API void dt_worker_request_stop(struct dt_worker *worker);

/* Stops: takes no more work, lets running turns and activities end within `stop_timeout_ms` and sends
 * their results, gives everything else back to the service, joins the threads. An activity that does
 * not end in time is waited for (its thread cannot be killed); it is given back, and its result is
 * dropped. No effect if not started or already stopped.
 * Thread: any but those of an orchestrator or activity of this worker. */
DT_API void dt_worker_stop(struct dt_worker *worker);

/* dt_worker_stop, then frees. NULL allowed.
 * Thread: as dt_worker_stop; nobody may use it at the same time. */
DT_API void dt_worker_destroy(struct dt_worker *worker);

/* ----------------------------------------------------------- activities */

/* The name it was called by. Never NULL.
 * Memory: valid until the activity returns.
 * Thread: the activity's. */
DT_API const char *dt_activity_name(const struct dt_activity *activity);

/* The version it was called with; NULL: unversioned.
 * Memory: valid until the activity returns.
 * Thread: the activity's. */
DT_API const char *dt_activity_version(const struct dt_activity *activity);

/* Id of the instance that called it. Never NULL.
 * Memory: valid until the activity returns.
 * Thread: the activity's. */
DT_API const char *dt_activity_instance_id(const struct dt_activity *activity);

/* Number of the call within its orchestration. With the instance id and execution id it makes a key for
 * idempotent work: the same in every repetition of one call, different for each try of a retry policy.
 * Thread: the activity's. */
DT_API int32_t dt_activity_task_id(const struct dt_activity *activity);

/* Execution that called it; NULL: the service sent none.
 * Memory: valid until the activity returns.
 * Thread: the activity's. */
DT_API const char *dt_activity_execution_id(const struct dt_activity *activity);

/* The value of the tag `key` given with the call; NULL: it has none.
 * Memory: valid until the activity returns.
 * Thread: the activity's. */
DT_API const char *dt_activity_tag(const struct dt_activity *activity, const char *key);

/* True once the worker is stopping: a long activity should end early.
 * Thread: the activity's. */
DT_API bool dt_activity_stopping(const struct dt_activity *activity);

/* Says what it resulted in. `result`: NULL for absent. The last call counts, and takes back a failure.
 * Errors: DT_INVALID_ARGUMENT: it is not UTF-8, and the activity fails with type
 * "InvalidOperationError". DT_NO_MEMORY: the activity is given back to the service and runs again.
 * Memory: copied.
 * Thread: the activity's. */
DT_API enum dt_status dt_activity_set_result(struct dt_activity *activity, const char *result);

/* Makes the activity fail, as `failure` says. Takes back a result.
 * Errors: DT_INVALID_ARGUMENT: it is NULL. DT_NO_MEMORY: the activity is given back and runs again.
 * Memory: copied.
 * Thread: the activity's. */
DT_API enum dt_status dt_activity_set_failure(struct dt_activity *activity, const struct dt_failure *failure);

/* Makes the activity fail with the class `type` (NULL counts as "Error") and a message formatted by
 * `fmt`, of which at most 1000 bytes are kept.
 * Errors: DT_NO_MEMORY: the activity is given back to the service and runs again.
 * Memory: copied.
 * Thread: the activity's. */
DT_API enum dt_status dt_activity_fail(struct dt_activity *activity, const char *type, const char *fmt, ...)
    DT_PRINTF_LIKE(3, 4);

/* The W3C traceparent of the call, for spans of the caller's own; NULL: none. Since 0.2.
 * Memory: valid until the activity returns.
 * Thread: the activity's. */
DT_API const char *dt_activity_trace_parent(const struct dt_activity *activity);

/* ------------------------------------------------------------- entities */

/* Everything below is called from an operation only, on its thread. */

/* The name of the operation, as it was called. Never NULL. Since 0.2.
 * Memory: valid until the operation returns.
 * Thread: the operation's. */
DT_API const char *dt_operation_name(const struct dt_operation *operation);

/* Which entity it runs on; neither member is NULL, the name is in lower case. Since 0.2.
 * Memory: valid until the operation returns.
 * Thread: the operation's. */
DT_API struct dt_entity_id dt_operation_entity(const struct dt_operation *operation);

/* Id of the instance that called it and gets the result; NULL: it was signalled. Since 0.2.
 * Memory: valid until the operation returns.
 * Thread: the operation's. */
DT_API const char *dt_operation_caller(const struct dt_operation *operation);

/* True once the worker is stopping: a long operation should end early. Since 0.2.
 * Thread: the operation's. */
DT_API bool dt_operation_stopping(const struct dt_operation *operation);

/* The state as it is now; NULL: the entity has none, which is not "". Since 0.2.
 * Memory: valid until the operation returns, also after it has been replaced.
 * Thread: the operation's. */
DT_API const char *dt_operation_state(const struct dt_operation *operation);

/* The state as a whole number: its text is read in decimal, with a sign. `otherwise`: given for an entity without
 * a state, and for a state that is no such number. Since 0.2.
 * Thread: the operation's. */
DT_API int64_t dt_operation_state_number(const struct dt_operation *operation, int64_t otherwise);

/* Replaces the state. `state`: NULL removes it, and an entity without one is gone when nothing waits for it.
 * Since 0.2.
 * Errors: DT_INVALID_ARGUMENT: it is not UTF-8, and the operation fails with type "InvalidOperationError".
 * DT_NO_MEMORY: the operation is given back to the service and runs again.
 * Memory: copied.
 * Thread: the operation's. */
DT_API enum dt_status dt_operation_set_state(struct dt_operation *operation, const char *state);

/* Replaces the state by the decimal text of `number`. Since 0.2.
 * Errors: DT_NO_MEMORY: the operation is given back to the service and runs again.
 * Thread: the operation's. */
DT_API enum dt_status dt_operation_set_state_number(struct dt_operation *operation, int64_t number);

/* Says what it resulted in. `result`: NULL for absent. The last call counts, and takes back a failure, but not
 * that of a refused argument. Since 0.2.
 * Errors: DT_INVALID_ARGUMENT: it is not UTF-8, and the operation fails with type "InvalidOperationError".
 * DT_NO_MEMORY: the operation is given back to the service and runs again.
 * Memory: copied.
 * Thread: the operation's. */
DT_API enum dt_status dt_operation_set_result(struct dt_operation *operation, const char *result);

/* Makes the operation fail, as `failure` says. Takes back a result. Since 0.2.
 * Errors: DT_INVALID_ARGUMENT: it is NULL. DT_NO_MEMORY: the operation is given back and runs again.
 * Memory: copied.
 * Thread: the operation's. */
DT_API enum dt_status dt_operation_set_failure(struct dt_operation *operation,
                                               const struct dt_failure *failure);

/* Makes the operation fail with the class `type` (NULL counts as "Error") and a message formatted by `fmt`, of
 * which at most 1000 bytes are kept. Since 0.2.
 * Errors: DT_NO_MEMORY: the operation is given back to the service and runs again.
 * Memory: copied.
 * Thread: the operation's. */
DT_API enum dt_status dt_operation_fail(struct dt_operation *operation, const char *type, const char *fmt,
                                        ...) DT_PRINTF_LIKE(3, 4);

/* Has an entity, this one or another, run an operation after this one has succeeded, one way. `entity`: which.
 * `name`: of the operation, not empty. `input`: NULL for absent. `options`: NULL for defaults. Since 0.2.
 * Errors: DT_INVALID_ARGUMENT: one of them is refused, and the operation fails with type
 * "InvalidOperationError". DT_NO_MEMORY: the operation is given back to the service and runs again.
 * Memory: copied.
 * Thread: the operation's. */
DT_API enum dt_status dt_operation_signal(struct dt_operation *operation, struct dt_entity_id entity,
                                          const char *name, const char *input,
                                          const struct dt_signal_options *options);

/* Starts an orchestration after this operation has succeeded. `name`: of the orchestrator; not empty. `options`:
 * NULL for defaults; tags and a reuse policy are refused, for the protocol has no place for them here; an id
 * that a live instance has starts nothing. `ret_instance_id`: NULL allowed; the id is cut if it does not fit.
 * Since 0.2.
 * Errors: DT_INVALID_ARGUMENT: one of them is refused, and the operation fails with type
 * "InvalidOperationError". DT_INTERNAL: the system refuses entropy. DT_NO_MEMORY: the operation is given back
 * to the service and runs again.
 * Memory: copied.
 * Thread: the operation's. */
DT_API enum dt_status dt_operation_start(struct dt_operation *operation, const char *name,
                                         const struct dt_start_options *options,
                                         char ret_instance_id[DT_INSTANCE_ID_SIZE]);

/* Zeroed memory of `size` bytes, aligned for any type; NULL: there is none, and the operation is given back to
 * the service and runs again. Since 0.2.
 * Memory: freed some time after the operation returns.
 * Thread: the operation's. */
DT_API void *dt_operation_alloc(struct dt_operation *operation, size_t size);

/* Text formatted by `fmt`; NULL: no memory, and the operation is given back to the service and runs again.
 * Since 0.2.
 * Memory: freed some time after the operation returns.
 * Thread: the operation's. */
DT_API const char *dt_operation_format(struct dt_operation *operation, const char *fmt, ...)
    DT_PRINTF_LIKE(2, 3);

/* ------------------------------------------------------- orchestrations */

/* Everything below is called from the orchestrator function only. Functions that need memory do not
 * return when there is none: the turn is given up and given back to the service, which repeats it
 * later. Those marked "may leave" do not return when the wait is not over yet: the turn ends there, and
 * a later one comes by again. A call that the history contradicts ends the orchestration with failure
 * type "NonDeterminismError", naming the source line; a misuse (an empty name, NULL where it is not
 * allowed, text that is not UTF-8) with "InvalidOperationError". The macros pass the line of the call. */

/* Id of the instance. Never NULL.
 * Memory: valid for the turn.
 * Thread: the orchestrator's. */
DT_API const char *dt_context_instance_id(const struct dt_context *ctx);

/* Id of the execution; "" if the service sent none. Never NULL.
 * Memory: valid for the turn.
 * Thread: the orchestrator's. */
DT_API const char *dt_context_execution_id(const struct dt_context *ctx);

/* The name it was started by. Never NULL.
 * Memory: valid for the turn.
 * Thread: the orchestrator's. */
DT_API const char *dt_context_name(const struct dt_context *ctx);

/* Id of the instance whose child this is; NULL: not a child.
 * Memory: valid for the turn.
 * Thread: the orchestrator's. */
DT_API const char *dt_context_parent_id(const struct dt_context *ctx);

/* The value of the tag `key` of the instance; NULL: it has none.
 * Memory: valid for the turn.
 * Thread: the orchestrator's. */
DT_API const char *dt_context_tag(const struct dt_context *ctx, const char *key);

/* The W3C traceparent of who started it, for spans of the caller's own; activities and children get it too, by
 * themselves. NULL: none. Since 0.2.
 * Memory: valid for the turn.
 * Thread: the orchestrator's. */
DT_API const char *dt_context_trace_parent(const struct dt_context *ctx);

/* The version the instance was started with; NULL: unversioned.
 * Memory: valid for the turn.
 * Thread: the orchestrator's. */
DT_API const char *dt_version(const struct dt_context *ctx);

/* The orchestration's clock: when the service began the turn that is now replayed or run. Stands still
 * between waits.
 * Thread: the orchestrator's. */
DT_API int64_t dt_now_ns(const struct dt_context *ctx);

/* True while what happens has happened before, in an earlier turn. For logging and metrics only.
 * Thread: the orchestrator's. */
DT_API bool dt_is_replaying(const struct dt_context *ctx);

/* Writes a new GUID to `ret_text` (36 characters and NUL), the same in every replay: RFC 4122 version 5
 * over instance id, time and a counter, as the .NET and Go SDKs make it.
 * Thread: the orchestrator's. */
DT_API void dt_uuid(struct dt_context *ctx, char ret_text[37]);

/* 64 random bits, the same in every replay. Not for keys.
 * Thread: the orchestrator's. */
DT_API uint64_t dt_random(struct dt_context *ctx);

/* Logs a line of `level`, formatted by `fmt`, through `dt_connect_options.log`, except while replaying;
 * so each line appears once, or again if the turn is lost. At most 1000 bytes.
 * Thread: the orchestrator's. */
DT_API void dt_log(struct dt_context *ctx, enum dt_log_level level, const char *fmt, ...)
    DT_PRINTF_LIKE(3, 4);

/* Zeroed memory of `size` bytes, aligned for any type. Never NULL.
 * Memory: freed when the turn ends.
 * Thread: the orchestrator's. */
DT_API void *dt_alloc(struct dt_context *ctx, size_t size);

/* Text formatted by `fmt`. Never NULL.
 * Memory: freed when the turn ends.
 * Thread: the orchestrator's. */
DT_API char *dt_format(struct dt_context *ctx, const char *fmt, ...) DT_PRINTF_LIKE(2, 3);

/* Calls `fn` with `argument` (NULL allowed) when the turn ends, in whatever way, last one first. `fn`
 * may not use the context.
 * Thread: the orchestrator's. */
DT_API void dt_defer(struct dt_context *ctx, void (*fn)(void *argument), void *argument);

/* The result of the orchestration when its function returns. `result`: NULL for absent. The last call
 * counts, and takes back a failure.
 * Memory: copied.
 * Thread: the orchestrator's. */
DT_API void dt_set_result(struct dt_context *ctx, const char *result);

/* Makes the orchestration fail when its function returns, as `failure` says. Takes back a result.
 * Memory: copied.
 * Thread: the orchestrator's. */
DT_API void dt_set_failure(struct dt_context *ctx, const struct dt_failure *failure);

/* Ends the orchestration as failed, now, with the class `type` (NULL counts as "Error") and a message
 * formatted by `fmt`, of which at most 1000 bytes are kept. Does not return.
 * Memory: copied.
 * Thread: the orchestrator's. */
DT_API DT_NORETURN void dt_fail(struct dt_context *ctx, const char *type, const char *fmt, ...)
    DT_PRINTF_LIKE(3, 4);

/* The custom status that clients see from the end of this turn on. `status`: NULL or "" clears it.
 * Memory: copied.
 * Thread: the orchestrator's. */
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

/* How an activity or a child is called. */
struct dt_call_options {
    size_t size;
    const char *version;       /* NULL: none (for children: `default_child_version`) */
    const struct dt_tag *tags; /* NULL if tag_count is 0 */
    size_t tag_count;
    const struct dt_retry_policy *retry; /* NULL: one try. Copied; `handler_context` must live for the turn */
    const char *instance_id; /* children only; NULL: made from the execution id and the call's number */
};

/* Schedules an activity (ScheduleTaskAction). Does not wait. `name`: not empty. `input`: NULL for
 * absent. `options`: NULL for defaults. Never NULL.
 * Memory: the task is valid for the turn.
 * Thread: the orchestrator's. */
#define dt_call_activity(ctx, name, input, options)                                                          \
    dt_call_activity_from((ctx), (name), (input), (options), __FILE__, __LINE__)
DT_API struct dt_task *dt_call_activity_from(struct dt_context *ctx, const char *name, const char *input,
                                             const struct dt_call_options *options, const char *file,
                                             int line);

/* Starts a child orchestration (CreateSubOrchestrationAction). Does not wait. `name`: not empty.
 * `input`: NULL for absent. `options`: NULL for defaults. Never NULL.
 * Memory: the task is valid for the turn.
 * Thread: the orchestrator's. */
#define dt_call_sub_orchestration(ctx, name, input, options)                                                 \
    dt_call_sub_orchestration_from((ctx), (name), (input), (options), __FILE__, __LINE__)
DT_API struct dt_task *dt_call_sub_orchestration_from(struct dt_context *ctx, const char *name,
                                                      const char *input,
                                                      const struct dt_call_options *options, const char *file,
                                                      int line);

/* A durable timer (CreateTimerAction): succeeds `delay_ms` (below 0: 0) after dt_now_ns, which may be
 * months ahead. Never NULL.
 * Memory: the task is valid for the turn.
 * Thread: the orchestrator's. */
#define dt_timer_create(ctx, delay_ms) dt_timer_create_from((ctx), (delay_ms), __FILE__, __LINE__)
DT_API struct dt_task *dt_timer_create_from(struct dt_context *ctx, int64_t delay_ms, const char *file,
                                            int line);

/* A durable timer (CreateTimerAction) that succeeds at `fire_at_ns`; at once if that has passed. Never
 * NULL.
 * Memory: the task is valid for the turn.
 * Thread: the orchestrator's. */
#define dt_timer_create_until(ctx, fire_at_ns)                                                               \
    dt_timer_create_until_from((ctx), (fire_at_ns), __FILE__, __LINE__)
DT_API struct dt_task *dt_timer_create_until_from(struct dt_context *ctx, int64_t fire_at_ns,
                                                  const char *file, int line);

/* Asks for an external event of this `name` (not empty; compared without regard to the case of ASCII
 * letters). Does not wait itself. Events that came early are taken first, in their order; several tasks
 * for one name take events in the order they were made. `timeout_ms`: below 0 for none; else the task
 * becomes DT_TASK_TIMED_OUT when a durable timer of that length fires first. Never NULL.
 * Memory: the task is valid for the turn.
 * Thread: the orchestrator's. */
#define dt_wait_event(ctx, name, timeout_ms)                                                                 \
    dt_wait_event_from((ctx), (name), (timeout_ms), __FILE__, __LINE__)
DT_API struct dt_task *dt_wait_event_from(struct dt_context *ctx, const char *name, int64_t timeout_ms,
                                          const char *file, int line);

/* Sends an external event to another instance (SendEventAction), one way. `instance_id`, `name`: not
 * empty. `data`: NULL for absent. Unknown instances are ignored by the service.
 * Memory: copied.
 * Thread: the orchestrator's. */
#define dt_send_event(ctx, instance_id, name, data)                                                          \
    dt_send_event_from((ctx), (instance_id), (name), (data), __FILE__, __LINE__)
DT_API void dt_send_event_from(struct dt_context *ctx, const char *instance_id, const char *name,
                               const char *data, const char *file, int line);

/* The version of the execution that dt_continue_as_new starts. `version`: NULL for the same as now. Since 0.2.
 * Memory: copied.
 * Thread: the orchestrator's. */
DT_API void dt_set_next_version(struct dt_context *ctx, const char *version);

/* Ends this execution and starts the next one of the same instance with `input` (NULL for absent) and
 * an empty history. `keep_events`: events not yet taken are carried over. Children and activities still
 * under way are no longer waited for. Does not return.
 * Memory: copied.
 * Thread: the orchestrator's. */
DT_API DT_NORETURN void dt_continue_as_new(struct dt_context *ctx, const char *input, bool keep_events);

/* Calls an operation of an entity (EntityOperationCalled). Does not wait. `entity`: which. `operation`: its
 * name, not empty. `input`: NULL for absent. The task has the result of the operation, or the failure that it
 * ended with. While entities are locked only those may be called, and each by one call at a time. Never NULL.
 * Since 0.2.
 * Memory: the task is valid for the turn.
 * Thread: the orchestrator's. */
#define dt_call_entity(ctx, entity, operation, input)                                                        \
    dt_call_entity_from((ctx), (entity), (operation), (input), __FILE__, __LINE__)
DT_API struct dt_task *dt_call_entity_from(struct dt_context *ctx, struct dt_entity_id entity,
                                           const char *operation, const char *input, const char *file,
                                           int line);

/* Has an entity run an operation, one way (EntityOperationSignaled). `entity`: which; not one that is locked by
 * this orchestration. `operation`: its name, not empty. `input`: NULL for absent. `options`: NULL for defaults.
 * Since 0.2.
 * Memory: copied.
 * Thread: the orchestrator's. */
#define dt_signal_entity(ctx, entity, operation, input, options)                                             \
    dt_signal_entity_from((ctx), (entity), (operation), (input), (options), __FILE__, __LINE__)
DT_API void dt_signal_entity_from(struct dt_context *ctx, struct dt_entity_id entity, const char *operation,
                                  const char *input, const struct dt_signal_options *options,
                                  const char *file, int line);

/* Begins a critical section: asks for `count` (at least 1) `entities`, in any order, and does not wait itself.
 * The task succeeds once all are held; from then on they run no operation but this orchestration's calls.
 * Cancelled before, it is given back as soon as it is granted. No second section can be begun, and no
 * sub-orchestration be called, before dt_unlock_entities. An orchestration that ends, in whatever way, gives
 * back what it holds; one that failed while it held locks cannot be rewound, for its replay would hold them no
 * longer, and fails with "NonDeterminismError". Never NULL. Since 0.2.
 * Memory: the task is valid for the turn.
 * Thread: the orchestrator's. */
#define dt_lock_entities(ctx, entities, count)                                                               \
    dt_lock_entities_from((ctx), (entities), (count), __FILE__, __LINE__)
DT_API struct dt_task *dt_lock_entities_from(struct dt_context *ctx, const struct dt_entity_id *entities,
                                             size_t count, const char *file, int line);

/* Ends the critical section: the entities go on with what waits for them. No effect outside of one. Since 0.2.
 * Thread: the orchestrator's. */
#define dt_unlock_entities(ctx) dt_unlock_entities_from((ctx), __FILE__, __LINE__)
DT_API void dt_unlock_entities_from(struct dt_context *ctx, const char *file, int line);

/* True between the grant of the locks and dt_unlock_entities. Since 0.2.
 * Thread: the orchestrator's. */
DT_API bool dt_entities_locked(const struct dt_context *ctx);

/* How far a task is. */
enum dt_task_state {
    DT_TASK_PENDING = 0,
    DT_TASK_SUCCEEDED = 1,
    DT_TASK_FAILED = 2,
    DT_TASK_TIMED_OUT = 3, /* of dt_wait_event */
    DT_TASK_CANCELLED = 4  /* by dt_task_cancel */
};

/* Waits for the task and says how it ended, never DT_TASK_PENDING. May leave.
 * Thread: the orchestrator's. */
#define dt_await(task) dt_await_from((task), __FILE__, __LINE__)
DT_API enum dt_task_state dt_await_from(struct dt_task *task, const char *file, int line);

/* Waits for the task and returns its result; NULL: absent. If it did not succeed the orchestration ends
 * here as failed with type "TaskFailedError" and the task's failure inside, as an exception that nobody
 * catches does. May leave.
 * Memory: valid for the turn.
 * Thread: the orchestrator's. */
#define dt_await_result(task) dt_await_result_from((task), __FILE__, __LINE__)
DT_API const char *dt_await_result_from(struct dt_task *task, const char *file, int line);

/* Waits for the first of the `count` (at least 1) `tasks` to end and returns its index; if several
 * have, that of the one that ended first. May leave.
 * Thread: the orchestrator's. */
#define dt_when_any(ctx, tasks, count) dt_when_any_from((ctx), (tasks), (count), __FILE__, __LINE__)
DT_API size_t dt_when_any_from(struct dt_context *ctx, struct dt_task *const *tasks, size_t count,
                               const char *file, int line);

/* Waits for all of the `count` (0 allowed) `tasks`; true if all succeeded. May leave.
 * Thread: the orchestrator's. */
#define dt_when_all(ctx, tasks, count) dt_when_all_from((ctx), (tasks), (count), __FILE__, __LINE__)
DT_API bool dt_when_all_from(struct dt_context *ctx, struct dt_task *const *tasks, size_t count,
                             const char *file, int line);

/* How far the task is, without waiting.
 * Thread: the orchestrator's. */
DT_API enum dt_task_state dt_task_state(const struct dt_task *task);

/* The result of an activity, a child or an entity's operation, or the data of an event; NULL: absent or not
 * succeeded.
 * Memory: valid for the turn.
 * Thread: the orchestrator's. */
DT_API const char *dt_task_result(const struct dt_task *task);

/* Why it failed; NULL unless DT_TASK_FAILED.
 * Memory: valid for the turn.
 * Thread: the orchestrator's. */
DT_API const struct dt_failure *dt_task_failure(const struct dt_task *task);

/* No longer wanted: a timer or event wait is given up (a timer that fires late is ignored, an event
 * goes to the next wait of its name); of an activity, a child or an entity's operation the outcome is ignored,
 * it is not stopped; locks are given back as soon as they are granted. No effect on a task that has ended.
 * Thread: the orchestrator's. */
DT_API void dt_task_cancel(struct dt_task *task);

#ifdef __cplusplus
}
#endif

#endif
