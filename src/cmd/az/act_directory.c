/* SPDX-License-Identifier: MIT */
/* act_directory.c — lists of the directory with filters, and a program with its secret. */
#include "base/encode.h"
#include "base/text.h"
#include "cmd/az/acts.h"
#include "wire/json/json.h"

#define SECONDS_A_YEAR (365 * 86400LL)
#define YEARS_MAX      99

/* "PATH?$filter=…", the filter percent-encoded. */
static int list_filtered(struct az_call *call, const char *path, const char *filter, json_t **ret_items)
{
    CLEANUP(buf_fini) struct buf whole = {0};
    buf_append_cstr(&whole, path);
    if (filter) {
        buf_append_cstr(&whole, "?$filter=");
        percent_encode(&whole, bytes_of_cstr(filter), NULL);
    }
    buf_append_byte(&whole, '\0');
    if (whole.failed)
        return az_no_memory();
    return az_ask_graph_list(call, (const char *)whole.data, ret_items);
}

/* "member eq 'text'"; a quote in the text is doubled (OData 4.01 part 2, section 5.1.1.6.1). */
static void equals(struct buf *out, const char *before, const char *text, const char *after)
{
    buf_append_cstr(out, before);
    for (; *text; text++)
        buf_append_fmt(out, *text == '\'' ? "''" : "%c", *text);
    buf_append_cstr(out, after);
    buf_append_byte(out, '\0');
}

static int print_list(struct az_call *call, const char *path, const char *filter)
{
    CLEANUP(json_release) json_t *items = NULL;
    int code = list_filtered(call, path, filter, &items);
    if (code != EXIT_GOOD)
        return code;
    return az_print(call, items);
}

int az_act_user_list(struct az_call *call)
{
    CLEANUP(buf_fini) struct buf filter = {0};
    const char *upn = az_text_of(&call->values, "upn");
    const char *begin = az_text_of(&call->values, "display-name");
    if (upn)
        equals(&filter, "userPrincipalName eq '", upn, "'");
    else if (begin)
        equals(&filter, "startswith(displayName,'", begin, "')");
    return print_list(call, "/v1.0/users",
                      filter.size ? (const char *)filter.data : az_text_of(&call->values, "filter"));
}

int az_act_sp_list(struct az_call *call)
{
    CLEANUP(buf_fini) struct buf filter = {0};
    const char *spn = az_text_of(&call->values, "spn");
    const char *name = az_text_of(&call->values, "display-name");
    if (spn)
        equals(&filter, "servicePrincipalNames/any(c:c eq '", spn, "')");
    else if (name)
        equals(&filter, "displayName eq '", name, "'");
    return print_list(call, "/v1.0/servicePrincipals",
                      filter.size ? (const char *)filter.data : az_text_of(&call->values, "filter"));
}

/* By its client id first, then by its own. */
int az_act_sp_show(struct az_call *call)
{
    CLEANUP(buf_fini) struct buf filter = {0};
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *items = NULL;
    CLEANUP(json_release) json_t *found = NULL;
    const char *id = az_text_of(&call->values, "id");
    equals(&filter, "servicePrincipalNames/any(c:c eq '", id, "')");
    int code = list_filtered(call, "/v1.0/servicePrincipals", (const char *)filter.data, &items);
    if (code != EXIT_GOOD)
        return code;
    if (json_array_size(items) > 0)
        return az_print(call, json_array_get(items, 0));
    buf_append_cstr(&path, "/v1.0/servicePrincipals/");
    percent_encode(&path, bytes_of_cstr(id), NULL);
    buf_append_byte(&path, '\0');
    code = path.failed ? az_no_memory() : az_ask_graph(call, "GET", (const char *)path.data, NULL, &found);
    if (code != EXIT_GOOD)
        return code;
    return az_print(call, found);
}

/* --- a program that can sign in --- */

/* In one step with its secret, by this product's own API: the cloud's directory needs three. */
static int make_application(struct az_call *call, const char *name, int64_t years, json_t **ret_application)
{
    CLEANUP(json_release)
    json_t *body =
        json_pack("{s:s, s:I}", "name", name, "expiresInSeconds", (json_int_t)(years * SECONDS_A_YEAR));
    return az_ask_manager(call, "POST", "/v1/directory/applications", NULL, body, ret_application);
}

static int grant_all(struct az_call *call, const char *principal)
{
    const char *role = az_text_of(&call->values, "role");
    const struct az_value *scopes = az_value_of(&call->values, "scopes");
    for (size_t i = 0; role && i < scopes->count; i++) {
        const char *scope = call->values.texts[scopes->first + i];
        az_warn(call, "Creating '%s' role assignment under scope '%s'", role, scope);
        json_t *grant = NULL;
        int code = az_role_grant(call, role, scope, principal, "ServicePrincipal", &grant);
        json_decref(grant);
        if (code != EXIT_GOOD)
            return code;
    }
    return EXIT_GOOD;
}

int az_act_sp_for_rbac(struct az_call *call)
{
    CLEANUP(json_release) json_t *application = NULL;
    const char *years = az_text_of(&call->values, "years");
    const char *name = az_text_of(&call->values, "name");
    int64_t year_count = 1;
    if (!az_text_of(&call->values, "role") != !az_value_of(&call->values, "scopes"))
        return az_fail(EXIT_USAGE,
                       "Usage error: To create role assignments, specify both --role and --scopes.");
    if (bytes_parse_i64(bytes_of_cstr(years), &year_count) != STATUS_OK || year_count < 1 ||
        year_count > YEARS_MAX)
        return az_fail(EXIT_USAGE, "argument --years: 1 to %d", YEARS_MAX);
    int code = az_call_subscription(call);
    if (code == EXIT_GOOD)
        code = make_application(call, text_or(name, "sallyport-az"), year_count, &application);
    if (code != EXIT_GOOD)
        return code;
    const char *client = json_member_text(application, "clientId");
    const char *object = json_member_text(application, "id");
    const char *secret = json_member_text(application, "secret");
    if (!client || !object || !secret)
        return az_fail(EXIT_FAILED, "the directory's answer has no secret");
    code = grant_all(call, object);
    if (code != EXIT_GOOD)
        return code;
    az_warn(call,
            "The output includes credentials that you must protect. Be sure that you do not include these "
            "credentials in your code or check the credentials into your source control.");
    CLEANUP(json_release)
    json_t *shown = json_pack("{s:s, s:s?, s:s, s:s?}", "appId", client, "displayName",
                              json_member_text(application, "name"), "password", secret, "tenant",
                              json_member_text(call->subscription, "tenantId"));
    if (!shown)
        return az_no_memory();
    return az_print(call, shown);
}
