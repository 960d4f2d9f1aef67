/* SPDX-License-Identifier: MIT */
/* app_host.c — the host names of apps: NAME.ENVIRONMENT-HASH.DOMAIN. The hash is of the environment's whole id, so that the same
 * name in another group is another domain, and the same at each start. It keeps nobody away: that two apps have different names
 * is looked at before one is kept. */
#include <stdio.h>

#include "base/sip_hash.h"
#include "base/text.h"
#include "svc/control/control_internal.h"

#define LABEL_SIZE 50 /* bytes of an environment's name: with the hash a label, RFC 1035 section 2.3.4 */
#define APPS_TYPE  "/providers/microsoft.app/containerapps/"

struct bytes control_key_name(struct bytes key)
{
    for (size_t slash; (slash = bytes_find(key, BYTES_LITERAL("/"))) < key.size;)
        key = bytes_slice(key, slash + 1, key.size);
    return key;
}

static void append_label(struct buf *out, struct bytes name)
{
    for (size_t i = 0; i < name.size; i++)
        if (ascii_alnum(name.data[i]) || name.data[i] == '-')
            buf_append_byte(out, (uint8_t)ascii_lower(name.data[i]));
}

void control_environment_domain(const struct control *control, struct bytes id, struct buf *out)
{
    static const uint64_t key[2] = {0};
    CLEANUP(buf_fini) struct buf folded = {0};
    for (size_t i = 0; i < id.size; i++)
        buf_append_byte(&folded, (uint8_t)ascii_lower(id.data[i]));
    append_label(out, bytes_slice(control_key_name(id), 0, LABEL_SIZE));
    buf_append_fmt(out, "-%08x.%s", (unsigned)sip_hash(key, buf_peek(&folded)), control->options.apps_domain);
}

void control_app_host(const struct control *control, struct bytes name, const json_t *record, struct buf *out)
{
    const json_t *properties = json_object_get(record, "properties");
    const json_t *ingress = json_object_get(json_object_get(properties, "configuration"), "ingress");
    struct bytes environment = json_member_bytes(properties, "environmentId");
    if (!environment.size) /* as older api-versions have it */
        environment = json_member_bytes(properties, "managedEnvironmentId");
    if (!json_is_object(ingress) || !environment.size || !control->options.apps_domain)
        return;
    append_label(out, name);
    buf_append_byte(out, '.');
    control_environment_domain(control, environment, out);
}

/* Of an app that is kept; empty for any other resource. */
static void append_kept_host(const struct control *control, const struct resource *resource,
                             struct bytes name, struct buf *out)
{
    CLEANUP(json_release) json_t *record = NULL;
    struct err err = {0};
    bool is_app = bytes_find(resource->key, BYTES_LITERAL(APPS_TYPE)) < resource->key.size;
    bool same = is_app && bytes_equal_nocase(control_key_name(resource->key), name);
    if (same && json_parse(resource->text, NULL, &record, &err) == STATUS_OK)
        control_app_host(control, name, record, out);
}

bool control_app_host_is_free(struct control *control, const struct resource_id *id, const json_t *record,
                              struct control_fault *ret_fault)
{
    struct bytes name = control_name_of(id);
    CLEANUP(buf_fini) struct buf wanted = {0};
    control_app_host(control, name, record, &wanted);
    const struct resource *other = resource_store_from(control->store, (struct bytes){0}, false);
    for (; wanted.size && other; other = resource_store_from(control->store, other->key, true)) {
        CLEANUP(buf_fini) struct buf host = {0};
        append_kept_host(control, other, name, &host);
        if (bytes_equal(other->key, id->key) || !bytes_equal(buf_peek(&host), buf_peek(&wanted)))
            continue;
        control_fault_set(ret_fault, 409, "ContainerAppNameInUse",
                          "The environment has an app '%.*s' already, in another resource group.",
                          BYTES_FMT(name));
        return false;
    }
    return true;
}
