/* SPDX-License-Identifier: MIT */
/* identity_type.c — Microsoft.ManagedIdentity/userAssignedIdentities (CS-31): an application of the directory that no person
 * has a secret of. The resource is known to the directory by its id's key. */
#include "base/no_memory.h"
#include "svc/control/control_internal.h"

const struct directory_application *control_application_of(struct control *control, struct bytes key)
{
    return directory_find(control->options.directory, DIRECTORY_APPLICATION, "resource_id", key);
}

void control_apply_identity(struct control *control, const struct resource_id *id, const json_t *record,
                            control_done *on_done, void *context)
{
    CLEANUP(arena_fini) struct arena arena;
    char object_id[GUID_TEXT_SIZE + 1], client_id[GUID_TEXT_SIZE + 1];
    if (control_application_of(control, id->key)) {
        on_done(context, STATUS_OK, NULL);
        return;
    }
    arena_init(&arena, 0);
    directory_guid(object_id);
    directory_guid(client_id);
    const struct directory_application application = {.id = object_id,
                                                      .client_id = client_id,
                                                      .name = arena_cstr(&arena, control_name_of(id)),
                                                      .resource_id = arena_cstr(&arena, id->key),
                                                      .created_ns = control->options.unix_ns()};
    if (application.name && application.resource_id)
        control_write_directory(
            control, &(struct directory_write){DIRECTORY_CREATE, DIRECTORY_APPLICATION, &application}, 1,
            on_done, context);
    else
        on_done(context, STATUS_NO_MEMORY, ERR_NO_MEMORY);
}

/* It can sign in no longer, and what it was granted is nobody's. */
void control_remove_identity(struct control *control, const struct resource_id *id, control_done *on_done,
                             void *context)
{
    const struct directory_application *application = control_application_of(control, id->key);
    if (application)
        control_write_directory(
            control, &(struct directory_write){DIRECTORY_DELETE, DIRECTORY_APPLICATION, application}, 1,
            on_done, context);
    else
        on_done(context, STATUS_OK, NULL);
}

void control_show_identity(struct control *control, const struct resource_id *id, json_t *shown)
{
    json_t *properties = json_object_get(shown, "properties");
    const struct directory_application *application = control_application_of(control, id->key);
    (void)json_object_set_new(properties, "tenantId", json_string(control->tenant));
    if (!application)
        return;
    (void)json_object_set_new(properties, "principalId", json_string(application->id));
    (void)json_object_set_new(properties, "clientId", json_string(application->client_id));
}
