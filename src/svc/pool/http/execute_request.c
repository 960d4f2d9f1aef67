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

static enum status get_text(const json_t *object, const char *name, struct bytes *ret_text, struct err *err)
{
    json_t *value = member(object, name);
    if (value && !json_is_string(value))
        return err_set(err, STATUS_INVALID_ARGUMENT, "'%s' must be a string", name);
    if (value)
        *ret_text = json_bytes(value);
    return STATUS_OK;
}

/* A whole number from 0 to `max`; some write it as 60.0. */
static enum status get_count(const json_t *object, const char *name, int64_t max, int64_t *ret_count,
                             struct err *err)
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
        return err_set(err, STATUS_INVALID_ARGUMENT, "'%s' must be a whole number from 0 to %lld", name,
                       (long long)max);
    *ret_count = count;
    return STATUS_OK;
}

static enum status get_switch(const json_t *object, const char *name, bool *ret_on, struct err *err)
{
    json_t *value = member(object, name);
    if (value && !json_is_boolean(value))
        return err_set(err, STATUS_INVALID_ARGUMENT, "'%s' must be true or false", name);
    *ret_on = json_is_true(value);
    return STATUS_OK;
}

static bool one_of(struct bytes text, const char *left, const char *right)
{
    return bytes_equal_nocase(text, bytes_of_cstr(left)) || bytes_equal_nocase(text, bytes_of_cstr(right));
}

static enum status decode_base64(struct arena *arena, struct bytes text, struct bytes *ret_code,
                                 struct err *err)
{
    CLEANUP(buf_fini) struct buf out = {.limit = text.size + 1};
    if (base64_decode(&out, text) != STATUS_OK)
        return err_set(err, STATUS_INVALID_ARGUMENT, "'code' is not valid base64");
    if (!bytes_utf8_valid(buf_peek(&out)))
        return err_set(err, STATUS_INVALID_ARGUMENT, "'code' is not UTF-8 when decoded");
    struct bytes code = arena_copy(arena, buf_peek(&out));
    if (!code.data)
        return err_no_memory(err);
    *ret_code = code;
    return STATUS_OK;
}

static enum status get_code(struct arena *arena, const json_t *object, struct bytes *ret_code,
                            struct err *err)
{
    struct bytes text = {0}, kind = BYTES_LITERAL("inline");
    enum status status = get_text(object, "code", &text, err);
    if (status == STATUS_OK && !text.data)
        status = get_text(object, "pythonCode", &text, err);
    if (status == STATUS_OK)
        status = get_text(object, "codeInputType", &kind, err);
    if (status)
        return status;
    bool base64 = bytes_equal_nocase(kind, BYTES_LITERAL("inlineBase64"));
    if (!base64 && !one_of(kind, "inline", "inlineText"))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "'codeInputType' must be 'Inline', 'InlineText' or 'InlineBase64'");
    if (!text.data)
        return err_set(err, STATUS_INVALID_ARGUMENT, "'code' is required");
    if (base64)
        return decode_base64(arena, text, ret_code, err);
    *ret_code = arena_copy(arena, text);
    return ret_code->data ? STATUS_OK : err_no_memory(err);
}

static enum status get_type(struct arena *arena, const json_t *object, struct execute_request *request,
                            struct err *err)
{
    struct bytes type = BYTES_LITERAL("Synchronous");
    enum status status = get_text(object, "executionType", &type, err);
    if (status)
        return status;
    request->asynchronous = bytes_equal_nocase(type, BYTES_LITERAL("asynchronous"));
    if (!request->asynchronous && !bytes_equal_nocase(type, BYTES_LITERAL("synchronous")))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "'executionType' must be 'Synchronous' or 'Asynchronous'");
    request->execution_type = arena_copy(arena, type);
    return request->execution_type.data ? STATUS_OK : err_no_memory(err);
}

enum status execute_request_parse(struct arena *arena, struct bytes body, struct execute_request *ret_request,
                                  struct err *err)
{
    CLEANUP(json_release) json_t *tree = NULL;
    enum status status = json_parse(body, NULL, &tree, err);
    if (status)
        return status;
    if (!json_is_object(tree))
        return err_set(err, STATUS_INVALID_ARGUMENT, "the body must be a JSON object");
    const json_t *wrapped = member(tree, "properties");
    if (wrapped && !json_is_object(wrapped))
        return err_set(err, STATUS_INVALID_ARGUMENT, "'properties' must be an object");
    const json_t *object = wrapped ? wrapped : tree;
    struct execute_request request = {0};
    status = get_code(arena, object, &request.code, err);
    if (status == STATUS_OK)
        status = get_type(arena, object, &request, err);
    if (status == STATUS_OK)
        status = get_count(object, "timeoutInSeconds", INT64_MAX, &request.timeout_s, err);
    if (status == STATUS_OK)
        status = get_count(object, "outputStreamsMaxLength", INT32_MAX, &request.output_size_max, err);
    if (status == STATUS_OK)
        status = get_switch(object, "useEmptyKernel", &request.empty_kernel, err);
    if (status == STATUS_OK)
        *ret_request = request;
    return status;
}
