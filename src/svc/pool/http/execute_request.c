/* SPDX-License-Identifier: MIT */
/* execute_request.c — one reader per kind of member, over jansson's tree. */
#include "svc/pool/http/execute_request.h"

#include "base/encode.h"
#include "wire/json/json.h"

/* NULL if absent or null. */
static json_t *member(const json_t *object, const char *name)
{
    json_t *value = json_get_nocase(object, name);
    return json_is_null(value) ? NULL : value;
}

static enum status get_text(const json_t *object, const char *name, struct bytes *ret_text, struct err *e)
{
    json_t *value = member(object, name);
    if (value && !json_is_string(value))
        return err_set(e, STATUS_INVALID_ARGUMENT, "'%s' must be a string", name);
    if (value)
        *ret_text = json_bytes(value);
    return STATUS_OK;
}

/* A whole number from 0 to `max`; some write it as 60.0. */
static enum status get_count(const json_t *object, const char *name, int64_t max, int64_t *ret_count,
                             struct err *e)
{
    json_t *value = member(object, name);
    if (!value)
        return STATUS_OK;
    int64_t count = -1;
    double real = json_is_real(value) ? json_real_value(value) : -1;
    if (json_is_integer(value))
        count = json_integer_value(value);
    else if (real >= 0 && real <= INT32_MAX && real == (double)(int64_t)real)
        count = (int64_t)real;
    if (count < 0 || count > max)
        return err_set(e, STATUS_INVALID_ARGUMENT, "'%s' must be a whole number from 0 to %lld", name,
                       (long long)max);
    *ret_count = count;
    return STATUS_OK;
}

static enum status get_switch(const json_t *object, const char *name, bool *ret_on, struct err *e)
{
    json_t *value = member(object, name);
    if (value && !json_is_boolean(value))
        return err_set(e, STATUS_INVALID_ARGUMENT, "'%s' must be true or false", name);
    *ret_on = json_is_true(value);
    return STATUS_OK;
}

static bool one_of(struct bytes text, const char *a, const char *b)
{
    return bytes_equal_nocase(text, bytes_of_cstr(a)) || bytes_equal_nocase(text, bytes_of_cstr(b));
}

static enum status decode_base64(struct arena *arena, struct bytes text, struct bytes *ret_code,
                                 struct err *e)
{
    CLEANUP(buf_fini) struct buf out = {.limit = text.size + 1};
    if (base64_decode(&out, text) != STATUS_OK)
        return err_set(e, STATUS_INVALID_ARGUMENT, "'code' is not valid base64");
    if (!bytes_utf8_valid(buf_peek(&out)))
        return err_set(e, STATUS_INVALID_ARGUMENT, "'code' is not UTF-8 when decoded");
    struct bytes code = arena_copy(arena, buf_peek(&out));
    if (!code.data)
        return err_set(e, STATUS_NO_MEMORY, "out of memory");
    *ret_code = code;
    return STATUS_OK;
}

static enum status get_code(struct arena *arena, const json_t *object, struct bytes *ret_code, struct err *e)
{
    struct bytes text = {0}, kind = BYTES_LITERAL("inline");
    enum status s = get_text(object, "code", &text, e);
    if (s == STATUS_OK && !text.data)
        s = get_text(object, "pythonCode", &text, e);
    if (s == STATUS_OK)
        s = get_text(object, "codeInputType", &kind, e);
    if (s)
        return s;
    bool base64 = bytes_equal_nocase(kind, BYTES_LITERAL("inlineBase64"));
    if (!base64 && !one_of(kind, "inline", "inlineText"))
        return err_set(e, STATUS_INVALID_ARGUMENT,
                       "'codeInputType' must be 'Inline', 'InlineText' or 'InlineBase64'");
    if (!text.data)
        return err_set(e, STATUS_INVALID_ARGUMENT, "'code' is required");
    if (base64)
        return decode_base64(arena, text, ret_code, e);
    *ret_code = arena_copy(arena, text);
    return ret_code->data ? STATUS_OK : err_set(e, STATUS_NO_MEMORY, "out of memory");
}

static enum status get_type(struct arena *arena, const json_t *object, struct execute_request *r,
                            struct err *e)
{
    struct bytes type = BYTES_LITERAL("Synchronous");
    enum status s = get_text(object, "executionType", &type, e);
    if (s)
        return s;
    r->asynchronous = bytes_equal_nocase(type, BYTES_LITERAL("asynchronous"));
    if (!r->asynchronous && !bytes_equal_nocase(type, BYTES_LITERAL("synchronous")))
        return err_set(e, STATUS_INVALID_ARGUMENT, "'executionType' must be 'Synchronous' or 'Asynchronous'");
    r->execution_type = arena_copy(arena, type);
    return r->execution_type.data ? STATUS_OK : err_set(e, STATUS_NO_MEMORY, "out of memory");
}

enum status execute_request_parse(struct arena *arena, struct bytes body, struct execute_request *ret_request,
                                  struct err *e)
{
    CLEANUP(json_release) json_t *tree = NULL;
    enum status s = json_parse(body, NULL, &tree, e);
    if (s)
        return s;
    if (!json_is_object(tree))
        return err_set(e, STATUS_INVALID_ARGUMENT, "the body must be a JSON object");
    const json_t *wrapped = member(tree, "properties");
    if (wrapped && !json_is_object(wrapped))
        return err_set(e, STATUS_INVALID_ARGUMENT, "'properties' must be an object");
    const json_t *object = wrapped ? wrapped : tree;
    struct execute_request r = {0};
    s = get_code(arena, object, &r.code, e);
    if (s == STATUS_OK)
        s = get_type(arena, object, &r, e);
    if (s == STATUS_OK)
        s = get_count(object, "timeoutInSeconds", INT64_MAX, &r.timeout_s, e);
    if (s == STATUS_OK)
        s = get_count(object, "outputStreamsMaxLength", INT32_MAX, &r.output_size_max, e);
    if (s == STATUS_OK)
        s = get_switch(object, "useEmptyKernel", &r.empty_kernel, e);
    if (s == STATUS_OK)
        *ret_request = r;
    return s;
}
