/* SPDX-License-Identifier: MIT */
/* session.h — one command's talk with a scheduler: which endpoint and hub are meant, the client, and errors as people need
 * them: what is wrong, and what to type. */
#ifndef CMD_CLI_SESSION_H
#define CMD_CLI_SESSION_H

#include <jansson.h>

#include "cmd/cli/cli.h"
#include "cmd/local_key.h"
#include "durabletask_azure.h"

/* How an error of libdurabletask begins whose cause is the server's certificate, or the lack of ours. */
#define CLI_TLS_FAULT "TLS: "

struct cli_session {
    const struct command *command;
    const struct option_values *values;
    struct dt_client *client;
    struct buf endpoint;                    /* "http://localhost:8080", NUL-terminated */
    struct buf hub;                         /* NUL-terminated */
    struct jmespath *query;                 /* NULL: the whole answer */
    const char *token;                      /* NULL: none, or the credential's */
    struct dt_azure_credential *credential; /* of --connection; NULL: none */
    const char *ca_file;                    /* NULL: the system's */
    json_t *own; /* the server of one's own that is asked, since nobody named another; NULL: none */
    struct local_key local; /* of its data folder; empty: another token is sent, or none */
};

/* Reads the settings and makes the client; connects at the first call. Else says why, and returns an exit code that is
 * not 0. `hub`: the one that is meant whatever the settings say, or NULL; `key`: an API key that was given, or NULL.
 * cli_session_close in any case. */
int cli_session_open(struct cli_session *session, const struct command *command,
                     const struct option_values *values, const char *hub, const char *key);
void cli_session_close(struct cli_session *session);
/* Says on stderr why a call failed and what to type; returns the exit code. `what` is what it was about, such as an
 * instance's id; may be NULL. */
int cli_session_failed(const struct cli_session *session, const struct dt_error *error, const char *what);
/* The same for what was typed. */
int cli_session_usage(const struct cli_session *session, const char *text);
/* --json or --query was typed: the command writes one JSON value in place of text. */
bool cli_wants_json(const struct cli_session *session);
/* Prints what a command wrote, or what --query finds in it; says on stderr what failed. Returns the exit code. An empty
 * `out` prints nothing. */
int cli_print(const struct cli_session *session, const struct buf *out);
/* Appends the token for the scheduler, if one is to be sent, NUL-terminated. UNAUTHENTICATED and others: no source gives one, `err`
 * has them all. */
STATUS_RESULT cli_session_token(const struct cli_session *session, struct buf *ret_token, struct err *err);
/* A time that was typed: RFC 3339. 0: the setting is absent. False: it was said to be wrong. */
bool cli_time(const struct cli_session *session, const char *setting, int64_t *ret_unix_ns);

#endif
