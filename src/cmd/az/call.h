/* SPDX-License-Identifier: MIT */
/* call.h — one command under way: its values, its server, and what it says. Functions that return an exit code have said
 * what is wrong when it is not EXIT_GOOD. */
#ifndef CMD_AZ_CALL_H
#define CMD_AZ_CALL_H

#include "cmd/az/output.h"
#include "cmd/az/parse.h"
#include "cmd/az/server.h"
#include "cmd/command.h"

#define EXIT_ABSENT 3

struct az_call {
    const struct az_command *command;
    struct az_values values;
    struct az_server server;
    struct jmespath *query; /* NULL: the whole answer */
    enum az_format format;
    json_t *subscription; /* as the server describes it; NULL: not asked for yet */
    bool may_lack_plane;  /* that the server has no control plane is noted in the next, not told */
    bool lacks_plane;
};

/* --- saying --- */

/* "ERROR: …" on standard error. Returns `code`. */
int az_fail(int code, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same when an allocation failed. Returns EXIT_FAILED. */
int az_no_memory(void);
/* "WARNING: …", unless --only-show-errors. */
void az_warn(const struct az_call *call, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* What `err` holds, with the exit code that its status means. */
int az_fail_with(const struct err *err);
/* What a server answered that is not 2xx, in the words of the cloud's `az`. */
int az_fail_answer(const struct az_answer *answer);
/* True if that is how a service by itself, such as `sallyport scheduler`, answers what only a control plane has. */
bool az_lacks_plane(const struct az_ask *ask, const struct az_answer *answer);
/* Says so, and what to do. Returns EXIT_FAILED. */
int az_fail_plane(const struct az_call *call);
/* Prints a value as --output and --query want it. */
int az_print(const struct az_call *call, json_t *value);
/* The value as it is, without the row's shape; "resourceGroup" is added. */
int az_print_shaped(const struct az_call *call, json_t *answer);

/* --- asking --- */

/* One request; anything but 2xx is a failure. `*ret_answer` (NULL: not wanted) is the JSON, or a null; the caller owns it. */
int az_ask(struct az_call *call, const struct az_ask *ask, json_t **ret_answer);
/* The same of the control plane (`version`: api-version; NULL: of our own API, which has none) and of the directory. `path` begins with "/". */
int az_ask_manager(struct az_call *call, const char *method, const char *path, const char *version,
                   const json_t *body, json_t **ret_answer);
int az_ask_graph(struct az_call *call, const char *method, const char *path, const json_t *body,
                 json_t **ret_answer);
/* All pages of a list; `*ret_items` is an array. */
int az_ask_list(struct az_call *call, const char *path, const char *version, json_t **ret_items);
int az_ask_graph_list(struct az_call *call, const char *path, json_t **ret_items);

/* The subscription that is meant: --subscription, the one that was chosen, or the server's first. Where there is no control plane, whoever
 * is signed in has an account of the tenant alone, as the cloud's `az` shows those without a subscription. */
int az_call_subscription(struct az_call *call);
/* Its id; NULL before az_call_subscription. */
const char *az_subscription_id(const struct az_call *call);
/* The one request of a row: path, body, prepare, answer, shape, print. */
int az_call_run(struct az_call *call);

#endif
