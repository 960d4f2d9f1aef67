/* SPDX-License-Identifier: MIT */
/* control_read.c — what is shown: one resource, a page of a list, and what every client asks before its first resource. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "svc/control/control_internal.h"

/* --- one resource --- */

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name,
                              value); /* NULL, and what it then lacks: a client without a member */
}

static json_t *text_of(struct bytes bytes)
{
    return json_stringn((const char *)bytes.data, bytes.size);
}

static bool read_record(const struct resource *resource, json_t **ret_record)
{
    struct err error = {0};
    return json_parse(resource->text, NULL, ret_record, &error) == STATUS_OK && json_is_object(*ret_record);
}

json_t *control_shown(struct control *control, const struct resource *resource)
{
    CLEANUP(arena_fini) struct arena arena;
    struct resource_id id;
    json_t *shown = NULL;
    arena_init(&arena, 0);
    if (!read_record(resource, &shown) || resource_id_parse(&arena, resource->id, &id, NULL) != STATUS_OK) {
        json_decref(shown);
        return NULL;
    }
    const struct control_type *type = control_type_of(&id);
    const char *type_name = type ? arena_fmt(&arena, "%s/%s", type->space, type->type) : "";
    json_t *properties = json_object_get(shown, "properties");
    if (!properties) {
        properties = json_object();
        set(shown, "properties", properties);
    }
    set(shown, "id", text_of(resource->id));
    set(shown, "name", text_of(control_name_of(&id)));
    set(shown, "type", json_string(text_or(type_name, "")));
    bool failed = control_has_failed(control, resource->key);
    set(properties, "provisioningState", json_string(failed ? "Failed" : "Succeeded"));
    if (type && type->tracked && !json_object_get(shown, "tags"))
        set(shown, "tags", json_object());

    char created[TIME_TEXT_SIZE_MAX], changed[TIME_TEXT_SIZE_MAX];
    time_format(resource->created_ns, 7, created);
    time_format(resource->changed_ns, 7, changed);
    set(shown, "systemData", json_pack("{s:s,s:s}", "createdAt", created, "lastModifiedAt", changed));
    if (type && type->show)
        type->show(control, &id, shown);
    return shown;
}

void control_get(struct control_call *call)
{
    control_adopt_hubs(call->control);
    const struct resource *resource = resource_store_get(call->control->store, call->id.key);
    bool is_head = strcmp(call->method, "HEAD") == 0;
    if (is_head)
        control_answer_empty(call, resource ? 204 : 404);
    else if (resource)
        control_answer_resource(call, 200, resource);
    else
        control_answer_missing(call);
}

/* --- lists --- */

/* A list shows what its caller may see, so that nobody needs a role at the top of all. */
static bool may_see(struct control_call *call, const struct resource *resource)
{
    return control_may(call, ACCESS_CONTROL_READ, resource->id);
}

/* Of what type, with which tag; NULL: any. */
struct wanted {
    const struct control_type *type;
    const struct odata_term *tag_name, *tag_value;
};

static bool take_wanted(struct control_call *call, struct odata_filter *filter, struct wanted *wanted,
                        struct control_fault *ret_fault)
{
    if (!control_take_filter(call, "resourceType tagName tagValue", filter, ret_fault))
        return false;
    wanted->tag_name = control_filter_term(filter, "tagName");
    wanted->tag_value = control_filter_term(filter, "tagValue");
    const struct odata_term *type = control_filter_term(filter, "resourceType");
    if (!type)
        return true;
    struct bytes name = type->text, space = bytes_split(&name, '/');
    wanted->type = control_type_find(space, name, &(bool){0});
    if (!wanted->type)
        control_fault_set(ret_fault, 400, "InvalidFilterInQueryString",
                          "'%.*s' in the $filter is no type that is known here.",
                          BYTES_FMT(bytes_slice(type->text, 0, 128)));
    return wanted->type != NULL;
}

/* Names of tags have no case, their values have. */
static bool has_tag(const struct resource *resource, const struct wanted *wanted)
{
    CLEANUP(json_release) json_t *record = NULL;
    const char *name;
    json_t *value;
    if (!wanted->tag_name && !wanted->tag_value)
        return true;
    if (!read_record(resource, &record))
        return false;
    json_object_foreach(json_object_get(record, "tags"), name, value)
    {
        bool named = !wanted->tag_name || bytes_equal_nocase(wanted->tag_name->text, bytes_of_cstr(name));
        if (named && (!wanted->tag_value || bytes_equal(wanted->tag_value->text, json_bytes(value))))
            return true;
    }
    return false;
}

static size_t page_size(struct control_call *call)
{
    uint64_t top = 0;
    struct bytes text = http_request_query(call->request, "$top");
    if (text.size == 0 || bytes_parse_u64(text, &top) != STATUS_OK || top == 0 || top > CONTROL_PAGE)
        return CONTROL_PAGE;
    return (size_t)top;
}

/* The server by the name that the caller has for it: clients follow a link only to where they asked. A name that is not the
 * server's has been refused (wire/http1/site.h). */
static void append_origin(const struct control_call *call, struct buf *out)
{
    struct bytes host = http_request_header(call->request, "host");
    struct bytes own = bytes_of_cstr(call->control->options.url);
    size_t scheme = bytes_find(own, BYTES_LITERAL("//")) + strlen("//");
    buf_append_bytes(out, host.size ? bytes_slice(own, 0, scheme) : own);
    buf_append_bytes(out, host);
}

/* The rest of the list begins behind `key`. */
static void add_next_link(struct control_call *call, json_t *answer, struct bytes key)
{
    CLEANUP(buf_fini) struct buf link = {0};
    static const char *const kept[] = {"api-version", "$top", "$filter"};
    append_origin(call, &link);
    buf_append_bytes(&link, http_request_path(call->request));
    buf_append_cstr(&link, "?$skipToken=");
    percent_encode(&link, key, NULL);
    for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
        struct bytes value = http_request_query(call->request, kept[i]);
        if (value.size == 0)
            continue;
        buf_append_fmt(&link, "&%s=", kept[i]);
        percent_encode(&link, value, NULL);
    }
    if (buf_status(&link) == STATUS_OK)
        set(answer, "nextLink", text_of(buf_peek(&link)));
}

/* Below which id: that of a parent, or the scope in front of "providers". */
static struct bytes list_scope(const struct control_call *call)
{
    const struct resource_id *id = &call->id;
    bool parent = id->provider == id->count || id->count > id->provider + 2;
    return resource_id_prefix_key(id, parent ? id->count : id->provider);
}

static bool is_listed(struct control_call *call, const struct wanted *wanted, const struct resource *resource)
{
    CLEANUP(arena_fini) struct arena arena;
    struct resource_id id;
    arena_init(&arena, 0);
    if (resource_id_parse(&arena, resource->id, &id, NULL) != STATUS_OK)
        return false;
    const struct control_type *own = control_type_of(&id);
    /* Groups and deployments are no resources of a group. */
    bool other = own && strcmp(own->space, "Microsoft.Resources") == 0;
    return own && (wanted->type ? own == wanted->type : !other) && may_see(call, resource) &&
           has_tag(resource, wanted);
}

void control_list(struct control_call *call, const struct control_type *type)
{
    struct control_fault fault = {0};
    struct odata_filter filter;
    struct wanted wanted = {.type = type};
    const struct resource_store *store = call->control->store;
    control_adopt_hubs(call->control);
    struct bytes scope = list_scope(call);
    struct bytes token = http_request_query(call->request, "$skipToken");
    if (!take_wanted(call, &filter, &wanted, &fault)) {
        control_answer_fault(call, &fault);
        return;
    }
    bool below_missing = call->id.count > 4 && call->id.provider < call->id.count &&
                         call->id.count > call->id.provider + 2 && !resource_store_get(store, call->id.key);
    if (below_missing) {
        control_fault_set(&fault, 404, "ParentResourceNotFound",
                          "Failed to perform the list: its parent is not there.");
        control_answer_fault(call, &fault);
        return;
    }

    json_t *values = json_array();
    json_t *answer = json_pack("{s:o}", "value", values);
    size_t left = page_size(call);
    bool resumed = token.size > scope.size && bytes_starts_with(token, scope);
    const struct resource *resource = resource_store_from(store, resumed ? token : scope, resumed);
    struct bytes last = {0};
    for (; resource && bytes_starts_with(resource->key, scope);
         resource = resource_store_from(store, resource->key, true)) {
        if (!resource_key_is_below(resource->key, scope) || !is_listed(call, &wanted, resource))
            continue;
        if (left-- == 0) {
            add_next_link(call, answer, last);
            break;
        }
        (void)json_array_append_new(values, control_shown(call->control, resource));
        last = resource->key;
    }
    control_answer(call, 200, answer);
}

/* --- before the first resource --- */

static json_t *subscription(const struct control *control)
{
    return json_pack("{s:s+,s:s,s:s,s:s,s:s,s:s,s:{s:s,s:s,s:s}}", "id", "/subscriptions/",
                     control->subscription, "authorizationSource", "RoleBased", "subscriptionId",
                     control->subscription, "tenantId", control->tenant, "displayName", "Sallyport", "state",
                     "Enabled", "subscriptionPolicies", "locationPlacementId", "Public_2014-09-01", "quotaId",
                     "PayAsYouGo_2014-09-01", "spendingLimit", "Off");
}

void control_show_subscription(struct control_call *call)
{
    control_answer(call, 200, subscription(call->control));
}

void control_show_subscriptions(struct control_call *call)
{
    control_answer(call, 200,
                   json_pack("{s:[o],s:{s:s,s:i}}", "value", subscription(call->control), "count", "type",
                             "Total", "value", 1));
}

void control_show_tenants(struct control_call *call)
{
    const struct control *control = call->control;
    control_answer(call, 200,
                   json_pack("{s:[{s:s+,s:s,s:s,s:s}]}", "value", "id", "/tenants/", control->tenant,
                             "tenantId", control->tenant, "displayName", "Sallyport", "tenantCategory",
                             "Home"));
}

void control_show_locations(struct control_call *call)
{
    control_answer_list(call, control_regions(call->control->subscription));
}

/* --- providers --- */

static json_t *versions_of(const struct control_type *type)
{
    json_t *versions = json_array();
    struct bytes rest = bytes_of_cstr(type->versions), word;
    while ((word = bytes_split(&rest, ' ')).size > 0) /* the newest first, as clients expect */
        (void)json_array_insert_new(versions, 0, text_of(word));
    return versions;
}

static json_t *provider(const struct control *control, const char *space)
{
    json_t *types = json_array();
    for (size_t i = 0; i < control_type_count; i++) {
        const struct control_type *type = &control_types[i];
        if (strcmp(type->space, space) != 0)
            continue;
        (void)json_array_append_new(
            types, json_pack("{s:s,s:o,s:o,s:s}", "resourceType", type->type, "locations",
                             control_region_names(), "apiVersions", versions_of(type), "capabilities",
                             type->tracked ? "CrossResourceGroupResourceMove, SupportsTags, SupportsLocation"
                                           : "None"));
    }
    return json_pack("{s:s+++,s:s,s:s,s:s,s:o}", "id", "/subscriptions/", control->subscription,
                     "/providers/", space, "namespace", space, "registrationPolicy", "RegistrationFree",
                     "registrationState", "Registered", "resourceTypes", types);
}

static bool is_first_of_space(size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (strcmp(control_types[i].space, control_types[row].space) == 0)
            return false;
    return true;
}

void control_show_providers(struct control_call *call)
{
    json_t *values = json_array();
    for (size_t i = 0; i < control_type_count; i++)
        if (is_first_of_space(i))
            (void)json_array_append_new(values, provider(call->control, control_types[i].space));
    control_answer_list(call, values);
}

void control_show_provider(struct control_call *call, struct bytes name)
{
    for (size_t i = 0; i < control_type_count; i++) {
        if (bytes_equal_nocase(bytes_of_cstr(control_types[i].space), name)) {
            control_answer(call, 200, provider(call->control, control_types[i].space));
            return;
        }
    }
    struct control_fault fault = {0};
    control_fault_set(&fault, 404, "InvalidResourceNamespace", "The resource namespace '%.*s' is invalid.",
                      BYTES_FMT(name));
    control_answer_fault(call, &fault);
}
