/* SPDX-License-Identifier: MIT */
/* keeper_client.h — the pool's side of the socket to the keeper, the only privileged process.
 * The keeper accepts the requests of one table (wire/keeper_message.h), each with its sender, state and time;
 * anything else ends the connection. All on the loop's thread; callbacks come from the loop, never from
 * inside a call. */
#ifndef JAIL_KEEPER_CLIENT_H
#define JAIL_KEEPER_CLIENT_H

#include "jail/template.h"
#include "jail/warden_client.h"
#include "os/loop.h"
#include "runtime/runtime.h"
#include "wire/keeper_message.h"

#define KEEPER_TEXT_SIZE 256 /* bytes of what a keeper says for people, with its NUL */

struct keeper_client;

/* A session is named by slot and generation: a slot is used again only after everything of the old session is
 * gone. */
struct session_ref {
    uint32_t slot;
    uint64_t generation;
};

struct keeper_session {
    struct session_ref ref;
    enum runtime_id runtime;
    int control_fd; /* stream socket, frames of wire/frame.h, non-blocking */
    int stdout_fd;  /* read ends of pipes, non-blocking */
    int stderr_fd;
    int calls_fd; /* for jail/call_listener.h; -1: there is none, here and below */
    int cpu_fd;   /* the kernel's counts of processor time and memory, and its list of processes: cgroup.h */
    int memory_fd;
    int processes_fd;
    int data_dir_fd; /* the session's /mnt/data: a directory descriptor for openat2 (sandbox.md 2.9) */
};

enum session_end {
    SESSION_END_EXITED,       /* the runner ended by itself: `detail`: exit code, or 128 + signal */
    SESSION_END_KILLED,       /* we asked for it */
    SESSION_END_MEMORY_LIMIT, /* the kernel's OOM killer acted in this session */
    SESSION_END_FAILED,       /* it never came up; `detail` is an errno */
};

/* What isolation this machine gives; printed by doctor and /healthz. `json` is
 * {"tier":"process","mode":"root|rootless","layers":[{"name","state":"on|degraded|off","detail","mend"},…],
 *  "degraded":[name,…]}. */
struct keeper_report {
    char json[8192];
    char degraded[256]; /* names of the layers that are not on, separated by commas */
    /* of jail/template.h: what their sessions see */
    char template_identity[RUNTIMES][TEMPLATE_IDENTITY_SIZE];
    bool stores; /* keeper_client_store works: sessions are charged for what they hold */
};

struct keeper_options {
    uint32_t sessions_max;        /* slots; required */
    struct session_limits limits; /* each is required; see keeper_options_default */
    const char *zygote_path;      /* NULL: found beside the program, then in libexec */
    /* Absolute paths that sessions see besides the list, separated by commas (jail/template.h). NULL: none. */
    const char *session_paths;
    bool beside;    /* the keepers that run go on (jail/warden_client.h) */
    bool listen;    /* sessions tell of refused calls, where the kernel can */
    bool other_ids; /* sessions get host ids that those of a keeper without this flag do not have */
};

/* The limits of jail/limit_values.h; what is a setting of the program is 0, and file_bytes, which follows data_bytes. */
struct keeper_options keeper_options_default(void);

struct keeper_callbacks {
    /* The zygote is warm and the keeper takes requests. */
    void (*on_ready)(void *context, const struct keeper_report *report);
    /* Answer to keeper_client_spawn; ownership of the descriptors moves. On failure `session` is NULL. */
    void (*on_spawned)(void *context, uint64_t request, const struct keeper_session *session,
                       const char *text);
    /* Every process of the session is dead, its mounts and cgroups are gone; the slot may be used again. */
    void (*on_ended)(void *context, struct session_ref ref, enum session_end end, int detail);
    /* Answers keeper_client_store: the whole file is there, or why not. ENOMEM: it does not fit into the session's
     * memory; EAGAIN: the session has as many processes as it may; ESRCH: the session has ended; EACCES: not a pipe
     * and a file of the session; else the errno of the copy. */
    void (*on_stored)(void *context, struct session_ref ref, int error);
    /* The keeper is gone; every session died with it. Nothing more follows; fail closed. */
    void (*on_lost)(void *context, const char *text);
    void *context;
};

/* Has the warden start a keeper. UNAVAILABLE: the warden is gone. */
STATUS_RESULT keeper_client_start(struct loop *loop, struct warden_client *warden,
                                  const struct keeper_options *options, const struct keeper_callbacks *cb,
                                  struct keeper_client **ret_client, struct err *err);
/* Closes the socket: the keeper ends all sessions and itself, which warden_client_stop waits for. NULL
 * allowed. */
void keeper_client_stop(struct keeper_client *client);
/* Asks for one new session of a runtime; on_spawned answers. The session then sends FRAME_READY over its control socket.
 */
void keeper_client_spawn(struct keeper_client *client, uint64_t request, enum runtime_id runtime);
/* SIGINT to the runner: KeyboardInterrupt in the running cell. A ref that is gone is ignored. */
void keeper_client_interrupt(struct keeper_client *client, struct session_ref ref);
/* SIGKILL to everything in the session; on_ended follows. When a control socket closes by itself, give
 * on_ended some 100 ms before killing: a kill hides how the session ended. A ref that is gone is ignored. */
void keeper_client_kill(struct keeper_client *client, struct session_ref ref);
/* Copies what comes out of `pipe_fd`, a blocking read end, until its end, into `file_fd`, a file of the session's
 * /mnt/data that is open for writing and nothing else; `size` bytes are expected. The session is charged for its
 * pages. Both are the caller's to close as soon as this returns. on_stored answers; no second one for the same session
 * before. Only where the report says `stores`. */
void keeper_client_store(struct keeper_client *client, struct session_ref ref, int pipe_fd, int file_fd,
                         uint64_t size);

#endif
