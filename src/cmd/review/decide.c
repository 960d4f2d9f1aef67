/* SPDX-License-Identifier: MIT */
/* decide.c — approve, reject, changes, cancel. A vote names the manifest that the request has when the command looks, so that
 * what is decided about cannot change between the look and the vote. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cmd/review/actions.h"
#include "cmd/review/view.h"

/* Prints the request as it is afterwards. */
static int print_after(const struct review_call *call, const json_t *request)
{
    CLEANUP(buf_fini) struct buf out = {0};
    char id[VIEW_ID_SIZE];
    if (setting_flag(call->values, "json")) {
        print_json_value(&out, request);
    } else {
        CLEANUP(buf_fini) struct buf standing = {0};
        view_standing(request, &standing);
        buf_append_byte(&standing, '\0');
        buf_append_fmt(&out, "%s  ", view_short_id(request, id));
        print_text(&out, buf_status(&standing) == STATUS_OK ? (const char *)standing.data : "");
        buf_append_byte(&out, '\n');
    }
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}

/* A vote of `answer` on the request that was typed. */
static int vote(const struct review_call *call, const char *answer)
{
    CLEANUP(json_release) json_t *request = NULL;
    CLEANUP(json_release) json_t *after = NULL;
    CLEANUP(buf_fini) struct buf votes = {0};
    int code = review_get_typed(call, &request);
    const char *id = json_string_value(json_object_get(request, "id"));
    if (code == EXIT_GOOD && !review_path(call, text_or(id, ""), "/votes", &votes))
        code = EXIT_FAILED;
    if (code == EXIT_GOOD)
        code = review_post(call, (const char *)votes.data,
                           json_pack("{s:s, s:s*, s:O*}", "answer", answer, "comment",
                                     setting_text(call->values, "message"), "manifestSha256",
                                     json_object_get(request, "manifestSha256")),
                           &after);
    return code == EXIT_GOOD ? print_after(call, after) : code;
}

int review_approve(const struct review_call *call)
{
    return vote(call, "approve");
}

int review_reject(const struct review_call *call)
{
    return vote(call, "reject");
}

int review_changes(const struct review_call *call)
{
    return vote(call, "changes");
}

int review_cancel(const struct review_call *call)
{
    CLEANUP(json_release) json_t *after = NULL;
    CLEANUP(buf_fini) struct buf path = {0};
    int code = review_typed_path(call, "/cancel", &path);
    if (code == EXIT_GOOD)
        code = review_post(call, (const char *)path.data,
                           json_pack("{s:s*}", "reason", setting_text(call->values, "message")), &after);
    return code == EXIT_GOOD ? print_after(call, after) : code;
}
