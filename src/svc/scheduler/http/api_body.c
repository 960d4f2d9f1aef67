/* SPDX-License-Identifier: MIT */
/* api_body.c — members of a JSON body, each read by its kind; a wrong one is answered in words. */
#include "base/time_parse.h"
#include "svc/scheduler/http/api_internal.h"

static const struct json_limits limits = {.depth_max = 64, .last_duplicate_wins = true};

static void refuse(struct api_call *call, const char *name, const char *must)
{
    char text[200];
    (void)snprintf(text, sizeof text, "%s must be %s.", name, must);
    api_call_answer_problem(call, http_problem_of_status(400), text);
}

json_t *api_body_read(struct api_call *call)
{
    struct err err = {0};
    json_t *body = NULL;
    struct bytes text = http_request_body(call->request);
    if (bytes_trim(text).size == 0)
        text = BYTES_LITERAL("{}");
    enum status status = json_parse(text, &limits, &body, &err);
    if (status == STATUS_OK && (json_is_object(body) || json_is_array(body)))
        return body;
    if (status == STATUS_OK) {
        json_decref(body);
        api_call_answer_problem(call, http_problem_of_status(400),
                                "The body must be a JSON object or array.");
        return NULL;
    }
    api_call_answer_status(call, status == STATUS_NO_MEMORY ? status : STATUS_INVALID_ARGUMENT, err.text);
    return NULL;
}

static json_t *member(const json_t *object, const char *name)
{
    json_t *value = json_get_nocase(object, name);
    return json_is_null(value) ? NULL : value;
}

bool api_body_text(struct api_call *call, const json_t *object, const char *name,
                   struct pb_opt_bytes *ret_text)
{
    const json_t *value = member(object, name);
    if (value && !json_is_string(value)) {
        refuse(call, name, "a text");
        return false;
    }
    *ret_text = (struct pb_opt_bytes){value != NULL, json_bytes(value)};
    return true;
}

bool api_body_payload(struct api_call *call, const json_t *object, const char *name,
                      struct pb_opt_bytes *ret_payload)
{
    const json_t *value = member(object, name);
    if (!value || json_is_string(value))
        return api_body_text(call, object, name, ret_payload);
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    struct bytes copy = arena_copy(&call->arena, bytes_of_cstr(text));
    free(text);
    if (!copy.size) {
        api_call_answer_status(call, STATUS_NO_MEMORY, "There is no memory left.");
        return false;
    }
    *ret_payload = pb_some(copy);
    return true;
}

bool api_body_flag(struct api_call *call, const json_t *object, const char *name, bool *ret_flag)
{
    const json_t *value = member(object, name);
    if (value && !json_is_boolean(value)) {
        refuse(call, name, "true or false");
        return false;
    }
    *ret_flag = json_is_true(value);
    return true;
}

bool api_query_flag(struct api_call *call, const char *name, bool *ret_flag)
{
    struct bytes text = http_request_query(call->request, name);
    *ret_flag = bytes_equal_nocase(text, BYTES_LITERAL("true"));
    if (!text.data || *ret_flag || bytes_equal_nocase(text, BYTES_LITERAL("false")))
        return true;
    refuse(call, name, "true or false");
    return false;
}

bool api_body_time(struct api_call *call, const json_t *object, const char *name,
                   struct pb_opt_time *ret_time)
{
    const json_t *value = member(object, name);
    int64_t unix_ns = 0;
    *ret_time = (struct pb_opt_time){.present = false};
    if (!value)
        return true;
    if (time_parse(json_bytes(value), &unix_ns) != STATUS_OK) {
        refuse(call, name, "a time such as \"2026-11-28T11:52:53Z\"");
        return false;
    }
    *ret_time = pb_time_from_ns(unix_ns);
    return true;
}

bool api_body_texts(struct api_call *call, const json_t *array, const char *name, size_t most,
                    struct bytes **ret_texts, size_t *ret_count)
{
    size_t count = json_array_size(array);
    struct bytes *texts = arena_alloc_array(&call->arena, count, sizeof *texts);
    bool good = json_is_array(array) && count <= most;
    for (size_t i = 0; i < count && good && texts; i++) {
        texts[i] = json_bytes(json_array_get(array, i));
        good = texts[i].data != NULL;
    }
    if (!good) {
        char must[60];
        (void)snprintf(must, sizeof must, "an array of at most %zu texts", most);
        refuse(call, name, must);
        return false;
    }
    if (!texts) {
        api_call_answer_status(call, STATUS_NO_MEMORY, "There is no memory left.");
        return false;
    }
    *ret_texts = texts;
    *ret_count = count;
    return true;
}
