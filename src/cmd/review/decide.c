/* SPDX-License-Identifier: MIT */
/* decide.c — approve, reject, changes, cancel. A vote names the manifest that the request has when the command looks, so that
 * what is decided about cannot change between the look and the vote. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "cmd/review/actions.h"
#include "cmd/review/view.h"
#include "os/clock.h"
#include "wire/json/json.h"

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

/* What is to be remembered of an approval. False: it is said that this cannot be. */
static bool read_remember(const struct review_call *call, json_t **ret_remember)
{
    const char *whom = setting_text(call->values, "remember");
    const struct option_value *uses = option_get(call->values, "remember-uses");
    const struct option_value *lasts = option_get(call->values, "remember-for");
    bool tree = setting_flag(call->values, "remember-tree");
    *ret_remember = NULL;
    if (!whom && (uses->given || lasts->given || tree)) {
        (void)server_failed(call->command, EXIT_USAGE, "--remember does not say for whom", NULL);
        return false;
    }
    if (!whom)
        return true;
    *ret_remember = json_pack("{s:s, s:s}", "for", whom, "of", tree ? "tree" : "bytes");
    if (uses->given)
        json_object_set_new(*ret_remember, "uses",
                            json_integer(setting_number(call->values, "remember-uses")));
    if (lasts->given)
        json_object_set_new(*ret_remember, "expiresInSeconds",
                            json_integer(setting_number(call->values, "remember-for") / NS_PER_S));
    return true;
}

/* A vote of `answer` on the request that was typed. Takes `remember`; NULL: nothing is remembered. */
static int vote(const struct review_call *call, const char *answer, json_t *remember_taken)
{
    CLEANUP(json_release) json_t *request = NULL;
    CLEANUP(json_release) json_t *after = NULL;
    CLEANUP(json_release) json_t *remember = remember_taken;
    CLEANUP(buf_fini) struct buf votes = {0};
    int code = review_get_typed(call, &request);
    const char *id = json_member_text(request, "id");
    if (code == EXIT_GOOD && !review_path(call, text_or(id, ""), "/votes", &votes))
        code = EXIT_FAILED;
    if (code == EXIT_GOOD)
        code = review_post(call, (const char *)votes.data,
                           json_pack("{s:s, s:s*, s:O*, s:O*}", "answer", answer, "comment",
                                     setting_text(call->values, "message"), "manifestSha256",
                                     json_object_get(request, "manifestSha256"), "remember", remember),
                           &after);
    return code == EXIT_GOOD ? print_after(call, after) : code;
}

int review_approve(const struct review_call *call)
{
    json_t *remember;
    return read_remember(call, &remember) ? vote(call, "approve", remember) : EXIT_USAGE;
}

int review_reject(const struct review_call *call)
{
    return vote(call, "reject", NULL);
}

int review_changes(const struct review_call *call)
{
    return vote(call, "changes", NULL);
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
