/* SPDX-License-Identifier: MIT */
/* options.h — turns the caller's dt_connect_options into a checked, owned description of where to connect.
 * Used by the channel, the client and the worker. Opens nothing and reads no environment. */
#ifndef SDK_OPTIONS_H
#define SDK_OPTIONS_H

#include "base/bytes.h"
#include "durabletask.h"

#define SDK_HOST_SIZE_MAX     253 /* bytes of a host name, RFC 1035 */
#define SDK_TASK_HUB_SIZE_MAX 256 /* bytes */

/* Looks at the other end of each connection that stands, before a byte goes out, for who sends a secret to programs of some users
 * only. On the channel's thread. */
struct sdk_guard {
    bool (*trusts)(void *context, int fd); /* NULL: whoever is there */
    void *context;
    const char *refusal; /* why calls fail then; static */
};

/* Everything a channel needs. Filled by sdk_target_init, freed by sdk_target_fini. */
struct sdk_target {
    char *host;      /* without the brackets of an IPv6 address */
    char *port;      /* decimal */
    char *authority; /* for :authority, as written in the endpoint */
    char *task_hub;
    char *authentication;   /* as written, "None" if no token is to be sent */
    char *ca_file;          /* NULL: the system's roots */
    char *certificate_file; /* NULL: none is shown */
    char *key_file;
    char *token_resource;
    bool tls;
    struct dt_token_provider provider; /* give NULL: no token is sent */
    struct sdk_guard guard;
    int64_t connect_timeout_ns;
    int64_t call_timeout_ns;
    int64_t retry_first_ns; /* 0: the user's default */
    int64_t retry_max_ns;   /* 0: the user's default */
    size_t message_size_max;
    dt_log_fn *log;
    void *log_context;
    enum dt_log_level log_level;
};

/* Reads an option structure of any known or later version: copies the shorter of both sizes over zeros. False
 * if `size` is smaller than the size member itself. */
bool sdk_options_copy(void *ret_options, size_t own_size, const void *given);

/* True if a hub may have this name: not empty, printable, not too long. */
bool sdk_task_hub_usable(struct bytes name);

/* Checks and copies `options`. INVALID_ARGUMENT with a text that names the fault (never a value that could be a
 * secret); NO_MEMORY. On failure there is nothing to free. */
STATUS_RESULT sdk_target_init(struct sdk_target *ret_target, const struct dt_connect_options *options,
                              struct err *err);
/* Frees what init made; a zeroed target is allowed. */
void sdk_target_fini(struct sdk_target *target);

/* Formats a line and hands it to the target's log callback, if there is one and the level is wanted. */
void sdk_log(const struct sdk_target *target, enum dt_log_level level, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The public code for one of ours. */
enum dt_status sdk_status(enum status status);
/* Puts a text of any origin into an error: one line, without control characters, cut between characters. */
void sdk_error_text(struct dt_error *error, const char *text);
/* Fills `ret_error` (NULL allowed) from `err` and returns the public code of `status`; DT_OK leaves it untouched. */
enum dt_status sdk_report(enum status status, const struct err *err, struct dt_error *ret_error);

#endif
