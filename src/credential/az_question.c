/* SPDX-License-Identifier: MIT */
/* az_question.c — "RESOURCE\0TENANT\0"; an empty tenant is none. */
#include "credential/az_question.h"

#include <string.h>

#define RESOURCE_AT 6
#define TENANT_AT   8

/* As the SDKs allow them. */
static bool is_plain(const char *text)
{
    size_t size = strlen(text);
    return size > 0 && size <= AZ_WORD_BYTES && text[0] != '-' &&
           strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._:/") == size;
}

enum status az_question_make(const char *resource, const char *tenant, struct az_question *ret_question,
                             struct err *err)
{
    if (!is_plain(resource) || (tenant && !is_plain(tenant)))
        return err_set(err, STATUS_FAILED_PRECONDITION, "az: a resource or tenant with strange characters");
    *ret_question = (struct az_question){
        {"az", "account", "get-access-token", "--output", "json", "--resource", resource}};
    if (tenant) {
        ret_question->arguments[TENANT_AT - 1] = "--tenant";
        ret_question->arguments[TENANT_AT] = tenant;
    }
    return STATUS_OK;
}

void az_question_write(const char *const *arguments, struct buf *out)
{
    bool has_tenant = arguments[TENANT_AT - 1] != NULL;
    buf_append_cstr(out, arguments[RESOURCE_AT]);
    buf_append_byte(out, '\0');
    buf_append_cstr(out, has_tenant ? arguments[TENANT_AT] : "");
    buf_append_byte(out, '\0');
}

enum status az_question_read(struct bytes order, struct az_question *ret_question, struct err *err)
{
    struct bytes rest = order;
    struct bytes resource = bytes_split(&rest, '\0');
    struct bytes tenant = rest.data ? bytes_split(&rest, '\0') : (struct bytes){0};
    bool whole = order.size <= AZ_ORDER_BYTES && rest.data && rest.size == 0;
    if (!whole)
        return err_set(err, STATUS_MALFORMED, "this is no order for az");
    return az_question_make((const char *)resource.data, tenant.size > 0 ? (const char *)tenant.data : NULL,
                            ret_question, err);
}
