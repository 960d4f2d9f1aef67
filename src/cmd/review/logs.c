/* SPDX-License-Identifier: MIT */
/* logs.c — what a run has printed; with --follow as it prints it. A server of an older release, or one without a book, gives output
 * out as a whole: then --follow waits for the end. */
#include <unistd.h>

#include "base/text.h"
#include "cmd/review/actions.h"
#include "cmd/review/view.h"
#include "wire/json/json.h"

#define FOLLOW_REST "?wait=60s"
#define FOLLOW_MS   90000 /* for an answer that is held back for a minute */

/* True while there may be output to come. */
static bool is_under_way(const json_t *request)
{
    const char *state = json_member_text(request, "state");
    struct bytes text = bytes_of_cstr(text_or(state, ""));
    return bytes_equal_cstr(text, "queued") || bytes_equal_cstr(text, "running");
}

/* A request of the book has runs, which can be followed. */
static bool is_followed(const json_t *request)
{
    return json_is_array(json_object_get(request, "runs"));
}

int review_logs(const struct review_call *call)
{
    CLEANUP(buf_fini) struct buf path = {0}, out = {0};
    CLEANUP(json_release) json_t *request = NULL;
    bool follows = setting_flag(call->values, "follow");
    int code = review_get_typed(call, &request);
    if (code == EXIT_GOOD && follows && is_followed(request))
        return review_follow(call, text_or(json_member_text(request, "id"), ""), request);
    if (code == EXIT_GOOD)
        code = review_typed_path(call, follows ? FOLLOW_REST : "", &path);
    while (code == EXIT_GOOD) {
        json_decref(request);
        request = NULL;
        code = review_get(call, (const char *)path.data, FOLLOW_MS, &request);
        if (code != EXIT_GOOD || !follows || !is_under_way(request))
            break;
    }
    if (code != EXIT_GOOD)
        return code;

    const json_t *result = json_object_get(request, "result");
    if (setting_flag(call->values, "json"))
        print_json_value(&out, result ? result : json_null());
    else
        view_output(result, isatty(STDOUT_FILENO), &out);
    return print_out(&out) ? EXIT_GOOD : EXIT_FAILED;
}
