/* SPDX-License-Identifier: MIT */
/* run_look.c — the request's record, the run in it, and the result by the hash that the run has. */
#include "svc/app/run_look.h"

#include "wire/json/json.h"

void run_look_fini(struct run_look *look)
{
    json_decref(look->request);
    json_decref(look->result);
    look->request = NULL;
    look->result = NULL;
    look->size = 0;
}

const json_t *run_look_find(const json_t *request, int64_t number)
{
    const json_t *runs = json_object_get(request, "runs");
    for (size_t i = json_array_size(runs); i-- > 0;) {
        const json_t *run = json_array_get(runs, i);
        if (json_integer_value(json_object_get(run, "number")) == number)
            return run;
    }
    return NULL;
}

/* Of a book that an older release wrote, only the request names the result of its present run. */
static const char *result_hash(const json_t *request, const json_t *run)
{
    const char *own = json_member_text(run, "resultSha256");
    bool present = json_equal(json_object_get(request, "run"), json_object_get(run, "number")) &&
                   json_object_get(run, "ended");
    if (own || !present)
        return own;
    return json_member_text(json_object_get(request, "_result"), "sha256");
}

static enum status read_result(struct review_book *book, const char *sha256, struct run_look *look,
                               struct err *err)
{
    CLEANUP(buf_fini) struct buf text = {0};
    enum status status = review_book_blob(book, sha256, &text, err);
    if (status == STATUS_NOT_FOUND) /* retention has taken it */
        return STATUS_OK;
    look->size = text.size;
    if (status != STATUS_OK)
        return status;
    return json_parse(buf_peek(&text), NULL, &look->result, err);
}

enum status run_look_read(struct review_book *book, struct run_look *look, struct err *err)
{
    run_look_fini(look); /* of a try before */
    enum status status = review_book_read(book, look->id, REVIEW_RAW, &look->request, err);
    if (status != STATUS_OK || !look->wants_result || review_is_emptied(look->request))
        return status;
    const char *sha256 = result_hash(look->request, run_look_find(look->request, look->number));
    return sha256 ? read_result(book, sha256, look, err) : STATUS_OK;
}

bool run_look_is_over(const json_t *request)
{
    const char *stored = json_member_text(request, "_state");
    enum review_state state = stored ? review_state_of_stored(bytes_of_cstr(stored)) : REVIEW_STATE_COUNT;
    return state == REVIEW_STATE_COUNT || review_over(state);
}

void run_look_add_lost(json_t *run)
{
    json_object_set_new(run, "ended", json_string("interrupted"));
    json_object_set_new(run, "why", json_string("lost"));
    json_object_set_new(run, "words",
                        json_string("The server went away during the run; nobody knows how far it came."));
}

bool run_look_is_known(const struct run_look *look)
{
    size_t count = json_array_size(json_object_get(look->request, "runs"));
    return run_look_find(look->request, look->number) ||
           (look->number == (int64_t)count + 1 && !run_look_is_over(look->request));
}
