/* SPDX-License-Identifier: MIT */
/* listing.h — what `ls` does of whatever there are pages of: page by page until --limit, as a table or as JSON with "more", and a
 * hint when there are more. */
#ifndef CMD_CLI_LISTING_H
#define CMD_CLI_LISTING_H

#include "cmd/cli/print.h"
#include "cmd/cli/session.h"

struct cli_listing {
    struct cli_session *session;
    const char *name; /* of the array in JSON */
    const char *const *headings;
    size_t heading_count;
    const char *more_by; /* options that show others, or more */
    const void *query;   /* list_page's */
    /* Asks for `size` of them behind `token` (NULL: the first) and lists them, while `left` is over 0, which it counts down.
     * `*ret_token` is freed by the caller; NULL: that was the last page. */
    enum dt_status (*list_page)(struct cli_listing *list, const char *token, int32_t size, char **ret_token,
                                struct dt_error *error);
    /* For list_page: where a row goes. */
    struct print_table table;
    struct json_writer json;
    int64_t left;
    /* listing_run's own */
    struct buf out;
    bool more;
};

/* Lists all; returns the exit code. Frees what it has filled. */
int listing_run(struct cli_listing *list);

#endif
