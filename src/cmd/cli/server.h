/* SPDX-License-Identifier: MIT */
/* server.h — one HTTP request of a command to a server of this product: which server, by whose key, and what a refusal
 * means to whoever typed the command. Blocks; one thread. */
#ifndef CMD_CLI_SERVER_H
#define CMD_CLI_SERVER_H

#include <jansson.h>

#include "cmd/command.h"

#define EXIT_NO_RIGHT 7

/* --url, --key, --data, --ca-file, --json: the settings of every command that asks a server; a table of its own for
 * option_set, with SERVER_SETTINGS_BIT. */
extern const struct option_spec server_settings[];
#define SERVER_SETTINGS_BIT 1u

/* Where nobody has named a server, the one of this user that runs (cmd/own_server.h; with --data, the one of that folder) becomes --url, and
 * who vouches for its certificate --ca-file. For a command without these settings nothing happens. The caller ends what is returned
 * once the values are not needed any more: their texts may be its. NULL: there is none. */
json_t *server_find_own(struct option_values *values);

#define SERVER_PATIENCE_MS 30000

struct server_request {
    const char *method;
    const char *path;         /* with its query, percent-encoded, such as "/v1/requests?limit=5" */
    const char *content_type; /* of the body; NULL: there is none */
    struct bytes body;
    const char *header; /* one more line "Name: value"; NULL: none */
    /* how long the whole answer may take; SERVER_PATIENCE_MS where nothing else is said; 0: it has no end */
    int64_t patience_ms;
    /* Takes a good answer as it comes, which is then not in `body`; false breaks it off. NULL: it is kept. */
    bool (*on_data)(void *context, struct bytes data);
    void *context;
};

/* What to type where nobody who is trusted vouches for the server's certificate. */
#define SERVER_TRUST_MEND                                                                                    \
    "trust who made its certificate, with --ca-file or SSL_CERT_FILE: a server with --tls alone has "        \
    "DATA/tls/authority.pem"

/* Zero-initialise. */
struct server_answer {
    long http_status; /* 0: nobody answered */
    struct buf body;  /* at most CLI_ANSWER_SIZE_MAX; may hold secrets: wiped at the end */
    char cause[300];  /* why nobody answered */
    bool refused;     /* this side broke off: the local key would have gone to another user's program */
    bool untrusted;   /* likewise: nobody who is trusted vouches for the certificate */
};

/* The PEM file of the authorities that are trusted: --ca-file, else what SSL_CERT_FILE names, as OpenSSL itself takes it and as the
 * banner of a server with --tls says; libcurl does not look at it. NULL: the system's. Borrowed. */
const char *server_authorities(const struct option_values *values);
/* Asks; what came is in `answer`, which the caller ends with server_answer_fini in any case. */
void server_ask(const struct option_values *values, const struct server_request *request,
                struct server_answer *answer);
void server_answer_fini(struct server_answer *answer);
/* Says on stderr what a status that is not 2xx means, and what to type; returns the exit code. */
int server_explain(const struct command *command, const struct option_values *values,
                   const struct server_answer *answer);
/* Says `text`, and `mend` below it if there is one; returns `code`. */
int server_failed(const struct command *command, int code, const char *text, const char *mend);
/* The whole file, of `size_max` bytes at most, appended; "-" is standard input. False: it cannot be read, or is longer. */
bool server_read_file(const char *path, size_t size_max, struct buf *ret_text);

#endif
