/* SPDX-License-Identifier: MIT */
/* act_account.c — subscriptions, tokens, presets, and the commands that have nothing to do here. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/text.h"
#include "cmd/az/acts.h"
#include "os/clock.h"
#include "wire/json/json.h"

#define SUBSCRIPTIONS "/subscriptions"
#define VERSION       "2022-12-01"
#define TOKEN_OF_NOBODY                                                                                      \
    "none-is-needed" /* what is shown for a server without sign-in, which takes any token */
#define TOKEN_OF_NOBODY_S 3600
#define CLI_OF_WORDS                                                                                         \
    "2.91.0" /* the version of the cloud's CLI that the words, outputs and errors were compared with */

/* --- subscriptions --- */

static json_t *user_of(const struct az_call *call)
{
    const char *name =
        call->server.profile_is_ours ? az_profile_text(call->server.profile, NULL, "user") : NULL;
    const char *kind =
        call->server.profile_is_ours ? az_profile_text(call->server.profile, NULL, "kind") : NULL;
    bool program = kind && strcmp(kind, "servicePrincipal") == 0;
    return json_pack("{s:s, s:s}", "name", text_or(name, "local"), "type",
                     program ? "servicePrincipal" : "user");
}

/* One subscription as `account` shows it; `*chosen` is made true by the one that is meant. */
static json_t *account_of(const struct az_call *call, const json_t *item, bool is_default, const char *cloud)
{
    const char *tenant = json_member_text(item, "tenantId");
    const char *id = json_member_text(item, "subscriptionId");
    const char *name = json_member_text(item, "displayName");
    const char *state = json_member_text(item, "state");
    return json_pack("{s:s, s:s?, s:s?, s:b, s:[], s:s?, s:s, s:s?, s:o}", cloud, "Sallyport", "homeTenantId",
                     tenant, "id", id, "isDefault", is_default, "managedByTenants", "name", name, "state",
                     text_or(state, "Enabled"), "tenantId", tenant, "user", user_of(call));
}

int az_account_print(struct az_call *call, bool one)
{
    int code = az_call_subscription(call);
    if (code != EXIT_GOOD)
        return code;
    CLEANUP(json_release) json_t *shown = NULL;
    if (one) {
        shown = account_of(call, call->subscription, true, "environmentName");
        if (!shown)
            return az_no_memory();
        return az_print(call, shown);
    }
    CLEANUP(json_release) json_t *items = NULL;
    if (call->lacks_plane)
        items = json_pack("[O]", call->subscription);
    else
        code = az_ask_list(call, SUBSCRIPTIONS, VERSION, &items);
    shown = json_array();
    for (size_t i = 0; code == EXIT_GOOD && i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        const char *id = json_member_text(item, "subscriptionId");
        bool meant = id && strcmp(id, az_subscription_id(call)) == 0;
        (void)json_array_append_new(shown, account_of(call, item, meant, "cloudName"));
    }
    if (code != EXIT_GOOD)
        return code;
    return az_print(call, shown);
}

int az_act_account_show(struct az_call *call)
{
    return az_account_print(call, true);
}

int az_act_account_list(struct az_call *call)
{
    return az_account_print(call, false);
}

/* Writes the profile after a change. */
static int keep_profile(struct az_call *call)
{
    struct err err = {0};
    if (az_profile_write(call->server.profile, &err) != STATUS_OK)
        return az_fail(EXIT_FAILED, "%s", err.text);
    return EXIT_GOOD;
}

int az_act_account_set(struct az_call *call)
{
    CLEANUP(json_release) json_t *items = NULL;
    const char *typed = az_text_of(&call->values, "name");
    if (!typed)
        typed = az_text_of(&call->values, "subscription");
    if (!typed)
        return az_fail(EXIT_USAGE, "the following arguments are required: --subscription/-s/--name/-n");
    int code = az_ask_list(call, SUBSCRIPTIONS, VERSION, &items);
    const char *found = NULL;
    for (size_t i = 0; code == EXIT_GOOD && i < json_array_size(items); i++) {
        const char *id = json_member_text(json_array_get(items, i), "subscriptionId");
        const char *name = json_member_text(json_array_get(items, i), "displayName");
        if (id && (bytes_equal_nocase(bytes_of_cstr(id), bytes_of_cstr(typed)) ||
                   (name && bytes_equal_nocase(bytes_of_cstr(name), bytes_of_cstr(typed)))))
            found = id;
    }
    if (code != EXIT_GOOD)
        return code;
    if (!found)
        return az_fail(EXIT_FAILED, "The subscription of '%s' doesn't exist in cloud 'Sallyport'.", typed);
    if (!az_profile_set(call->server.profile, NULL, "subscription", found) ||
        !az_profile_set(call->server.profile, NULL, "url", (const char *)call->server.url.data))
        return az_no_memory();
    return keep_profile(call);
}

int az_act_account_clear(struct az_call *call)
{
    static const char *const forgotten[] = {"url",          "user",    "kind",   "client",
                                            "tenant",       "secret",  "tokens", "refreshToken",
                                            "subscription", "manager", "graph",  "caFile"};
    for (size_t i = 0; i < ARRAY_SIZE(forgotten); i++)
        (void)json_object_del(call->server.profile, forgotten[i]);
    return keep_profile(call);
}

/* --- tokens --- */

/* Who the token is for: --resource, --scope without its end, or the control plane. */
static void resource_of(const struct az_call *call, struct buf *out)
{
    const char *resource = az_text_of(&call->values, "resource");
    const char *scope = az_text_of(&call->values, "scope");
    const char *type = az_text_of(&call->values, "resource-type");
    const struct bytes end = BYTES_LITERAL("/.default");
    struct bytes text = bytes_of_cstr(resource ? resource : scope);
    if (!resource && scope && text.size > end.size &&
        bytes_equal(bytes_slice(text, text.size - end.size, end.size), end))
        text.size -= end.size;
    if (!text.size)
        text = bytes_of_cstr(
            az_server_audience(&call->server, type && strstr(type, "graph") ? AZ_GRAPH : AZ_MANAGER));
    buf_append_bytes(out, text);
    buf_append_byte(out, '\0');
}

int az_act_account_token(struct az_call *call)
{
    CLEANUP(buf_fini) struct buf resource = {0};
    CLEANUP(buf_fini) struct buf token = {0};
    CLEANUP(json_release) json_t *shown = NULL;
    struct err err = {0};
    int64_t expires = 0;
    int code = az_call_subscription(call);
    if (code != EXIT_GOOD)
        return code;
    resource_of(call, &resource);
    if (az_server_token(&call->server, (const char *)resource.data, &token, &expires, &err) != STATUS_OK)
        return az_fail(EXIT_FAILED, "%s", err.text);
    /* The subscription was shown without a token, so the server asks for none; clients that insist on one get a word. */
    if (!token.size) {
        buf_append_cstr(&token, TOKEN_OF_NOBODY);
        expires = clock_unix_ns() / NS_PER_S + TOKEN_OF_NOBODY_S;
    }
    if (token.failed)
        return az_no_memory();
    char when[40];
    time_t seconds = (time_t)expires;
    struct tm local;
    localtime_r(&seconds, &local);
    (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S.000000", &local);
    shown = json_pack("{s:s%, s:s, s:I, s:s?, s:s?, s:s}", "accessToken", token.data, token.size, "expiresOn",
                      when, "expires_on", (json_int_t)expires, "subscription", az_subscription_id(call),
                      "tenant", json_member_text(call->subscription, "tenantId"), "tokenType", "Bearer");
    if (!shown)
        return az_no_memory();
    return az_print(call, shown);
}

/* --- presets, and nothing --- */

static int list_presets(struct az_call *call)
{
    CLEANUP(json_release) json_t *shown = json_array();
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(call->server.profile, "defaults"), name, value)
    {
        (void)json_array_append_new(shown, json_pack("{s:s, s:s, s:O}", "name", name, "source",
                                                     "sallyport az configure", "value", value));
    }
    return az_print(call, shown);
}

int az_act_configure(struct az_call *call)
{
    const struct az_value *presets = az_value_of(&call->values, "defaults");
    if (az_flag_of(&call->values, "list-defaults"))
        return list_presets(call);
    if (!presets)
        return az_fail(EXIT_USAGE, "say --defaults NAME=VALUE or --list-defaults");
    for (size_t i = 0; i < presets->count; i++) {
        struct bytes rest = bytes_of_cstr(call->values.texts[presets->first + i]);
        struct bytes name = bytes_split(&rest, '=');
        bool group = bytes_equal_cstr(name, "group");
        if (!rest.data || (!group && !bytes_equal_cstr(name, "location")))
            return az_fail(EXIT_USAGE, "usage error: --defaults group=NAME location=NAME");
        if (!az_profile_set(call->server.profile, "defaults", group ? "group" : "location",
                            (const char *)rest.data))
            return az_no_memory();
    }
    return keep_profile(call);
}

int az_act_nothing(struct az_call *call)
{
    az_warn(call, "az %s: %s", call->command->name, call->command->summary);
    return EXIT_GOOD;
}

int az_act_version(struct az_call *call)
{
    CLEANUP(json_release)
    json_t *shown = json_pack("{s:s, s:s, s:{}, s:s}", "azure-cli", CLI_OF_WORDS, "azure-cli-core",
                              CLI_OF_WORDS, "extensions", "sallyport", SALLYPORT_VERSION);
    if (!shown)
        return az_no_memory();
    return az_print(call, shown);
}
