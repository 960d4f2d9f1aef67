/* SPDX-License-Identifier: MIT */
/* shape.c — the select of the row, then three small changes to each object. */
#include "cmd/az/shape.h"

#include <stdio.h>

#include "wire/json/jmespath.h"

/* The group of ".../resourceGroups/NAME/providers/..."; empty if the id has none or names the group itself. */
static struct bytes group_of(struct bytes id)
{
    while (id.data) {
        if (!bytes_equal_nocase(bytes_split(&id, '/'), BYTES_LITERAL("resourceGroups")))
            continue;
        struct bytes group = bytes_split(&id, '/');
        return id.data ? group : (struct bytes){0};
    }
    return (struct bytes){0};
}

static bool add_group(json_t *object)
{
    const json_t *id = json_object_get(object, "id");
    struct bytes group =
        id && !json_object_get(object, "resourceGroup") ? group_of(json_bytes(id)) : (struct bytes){0};
    return !group.size || json_object_set_new(object, "resourceGroup",
                                              json_stringn((const char *)group.data, group.size)) == 0;
}

bool az_shape_groups(json_t *value)
{
    const char *key;
    json_t *member;
    bool good = true;
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++)
        good = az_shape_groups(json_array_get(value, i)) && good;
    if (!json_is_object(value))
        return good;
    json_object_foreach(value, key, member)
    {
        good = az_shape_groups(member) && good;
    }
    return add_group(value) && good;
}

/* Members of "properties" that the object itself has not. */
static bool flatten(json_t *object)
{
    json_t *properties = json_object_get(object, "properties");
    if (!json_is_object(properties))
        return true;
    json_incref(properties);
    bool good =
        json_object_del(object, "properties") == 0 && json_object_update_missing(object, properties) == 0;
    /* A kept "provisioningState" says nothing: everything is there at once. */
    (void)json_object_del(object, "provisioningState");
    json_decref(properties);
    return good;
}

static bool add_nulls(json_t *object, const char *names)
{
    char name[64];
    for (size_t i = 0; names && az_word(names, i, name, sizeof name); i++) {
        if (!json_object_get(object, name) && json_object_set_new(object, name, json_null()) != 0)
            return false;
    }
    return true;
}

static void drop(json_t *object, const char *names)
{
    char name[64];
    for (size_t i = 0; names && az_word(names, i, name, sizeof name); i++)
        (void)json_object_del(object, name);
}

static bool change(const struct az_command *command, json_t *object)
{
    if (!json_is_object(object))
        return true;
    drop(object, command->drops);
    return (!command->flat || flatten(object)) && add_nulls(object, command->nulls);
}

enum status az_shape(const struct az_command *command, json_t *answer, json_t **ret_shown, struct err *err)
{
    json_t *shown = NULL;
    if (command->select) {
        struct jmespath *path = NULL;
        enum status status = jmespath_compile(bytes_of_cstr(command->select), &path, err);
        if (status == STATUS_OK)
            status = jmespath_search(path, answer, &shown, err);
        jmespath_destroy(path);
        if (status != STATUS_OK)
            return status;
    } else {
        shown = json_incref(answer);
    }
    bool good = json_is_array(shown) || change(command, shown);
    for (size_t i = 0; json_is_array(shown) && i < json_array_size(shown); i++)
        good = change(command, json_array_get(shown, i)) && good;
    if (!az_shape_groups(shown) || !good) {
        json_decref(shown);
        return err_no_memory(err);
    }
    *ret_shown = shown;
    return STATUS_OK;
}
