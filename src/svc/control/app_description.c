/* SPDX-License-Identifier: MIT */
/* app_description.c — what an app's process or container is given, out of its record: of this program's own image the variables
 * that are in a table, of any other what a container engine is told. What is not here reaches neither. */
#include <stdio.h>

#include "svc/control/control_internal.h"
#include "wire/container_launch.h"
#include "wire/launch_environment.h"

#define OWN_IMAGE          "sallyport/app" /* of this program: no engine is needed for it */
#define CONTAINER          "properties.template.containers[0]"
#define VARIABLES          CONTAINER ".env"
#define IDENTITY_VARIABLES 2 /* come to those that people set */

/* --- the image --- */

/* "sallyport/app", also with a registry before it, and with a tag or a digest behind it. */
static bool is_own_image(struct bytes image)
{
    const struct bytes own = BYTES_LITERAL(OWN_IMAGE);
    for (size_t at = 0; at + own.size <= image.size; at++) {
        bool begins = at == 0 || image.data[at - 1] == '/';
        size_t end = at + own.size;
        bool ends = end == image.size || image.data[end] == ':' || image.data[end] == '@';
        if (begins && ends && bytes_equal(bytes_slice(image, at, own.size), own))
            return true;
    }
    return false;
}

const json_t *control_app_containers(const json_t *record)
{
    const json_t *template = json_object_get(json_object_get(record, "properties"), "template");
    return json_object_get(template, "containers");
}

/* The container of an app that is ours; NULL: it needs an engine. */
static const json_t *own_container(const json_t *record)
{
    const json_t *containers = control_app_containers(record);
    const json_t *first = json_array_get(containers, 0);
    bool own = json_array_size(containers) == 1 && is_own_image(json_member_bytes(first, "image"));
    return own ? first : NULL;
}

/* --- its variables --- */

bool control_refuse(struct control_fault *fault, const char *target, const char *what, struct bytes name)
{
    control_fault_set(fault, 400, "InvalidRequestContent", "'%.*s': %s.", BYTES_FMT(bytes_slice(name, 0, 80)),
                      what);
    snprintf(fault->target, sizeof fault->target, "%s", target);
    return false;
}

static const json_t *find_named(const json_t *list, struct bytes name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        if (name.size > 0 && bytes_equal(json_member_bytes(item, "name"), name))
            return item;
    }
    return NULL;
}

/* Of a variable, with the secret that it names put in; data NULL: none was said. False with a fault. */
static bool find_value(const json_t *record, const json_t *variable, struct bytes *ret_value,
                       struct control_fault *ret_fault)
{
    const json_t *settings = json_object_get(json_object_get(record, "properties"), "configuration");
    struct bytes name = json_member_bytes(variable, "name");
    struct bytes secret = json_member_bytes(variable, "secretRef");
    const json_t *value = json_object_get(variable, "value");
    if (secret.size > 0) {
        const json_t *found = find_named(json_object_get(settings, "secrets"), secret);
        value = json_object_get(found, "value");
        if (!json_is_string(value))
            return control_refuse(ret_fault, VARIABLES, "its secretRef names no secret of the app", name);
    }
    if (value && !json_is_null(value) && !json_is_string(value))
        return control_refuse(ret_fault, VARIABLES, "its value must be a string", name);
    *ret_value = json_bytes(value);
    return true;
}

/* --- a process of this program --- */

static bool add_own_variable(const json_t *record, const json_t *variable, struct buf *block,
                             struct control_fault *ret_fault)
{
    struct bytes name = json_member_bytes(variable, "name");
    struct bytes value;
    struct err err = {0};
    if (!launch_variable_known(name, true)) {
        CLEANUP(buf_fini) struct buf known = {.limit = 400};
        launch_variables_list(&known);
        control_fault_set(ret_fault, 400, "InvalidRequestContent",
                          "'%.*s': the image " OWN_IMAGE " can be given these variables: %.*s.",
                          BYTES_FMT(bytes_slice(name, 0, 80)), BYTES_FMT(buf_peek(&known)));
        snprintf(ret_fault->target, sizeof ret_fault->target, "%s", VARIABLES);
        return false;
    }
    if (!find_value(record, variable, &value, ret_fault))
        return false;
    if (launch_environment_add(block, name, value, &err) != STATUS_OK)
        return control_refuse(ret_fault, VARIABLES, err.text, name);
    return true;
}

static bool describe_own(const json_t *record, const json_t *container, struct buf *ret_block,
                         struct control_fault *ret_fault)
{
    static const char *const refused[] = {"command", "args"};
    const json_t *variables = json_object_get(container, "env");
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        if (json_array_size(json_object_get(container, refused[i])) > 0)
            return control_refuse(ret_fault, CONTAINER,
                                  "the image " OWN_IMAGE " has one command; it is set by variables",
                                  bytes_of_cstr(refused[i]));
    if (json_array_size(variables) > LAUNCH_VARIABLES_MAX - IDENTITY_VARIABLES)
        return control_refuse(ret_fault, VARIABLES, "too many variables", BYTES_LITERAL("env"));
    for (size_t i = 0; i < json_array_size(variables); i++)
        if (!add_own_variable(record, json_array_get(variables, i), ret_block, ret_fault))
            return false;
    return true;
}

/* --- a container --- */

/* What there is for a container of one app, and what there is not. */
static bool check_template(const json_t *record, const json_t *container, struct control_fault *ret_fault)
{
    const json_t *properties = json_object_get(record, "properties");
    const json_t *settings = json_object_get(properties, "configuration");
    const json_t *template = json_object_get(properties, "template");
    const struct {
        const json_t *list;
        size_t most;
        const char *target, *name, *why;
    } rows[] = {
        {control_app_containers(record), 1, "properties.template", "containers",
         "an app has one container here"},
        {json_object_get(template, "initContainers"), 0, "properties.template", "initContainers",
         "there are none here"},
        {json_object_get(template, "volumes"), 0, "properties.template", "volumes",
         "a container has no storage but its own here"},
        {json_object_get(container, "volumeMounts"), 0, CONTAINER, "volumeMounts",
         "a container has no storage but its own here"},
        {json_object_get(settings, "registries"), 0, "properties.configuration", "registries",
         "sign in at a registry with the engine itself"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        if (json_array_size(rows[i].list) > rows[i].most)
            return control_refuse(ret_fault, rows[i].target, rows[i].why, bytes_of_cstr(rows[i].name));
    return true;
}

static bool add_part(struct buf *block, enum container_key key, struct bytes value, const char *target,
                     const char *name, struct control_fault *ret_fault)
{
    struct err err = {0};
    if (container_launch_add(block, key, value, &err) == STATUS_OK)
        return true;
    return control_refuse(ret_fault, target, err.text, bytes_of_cstr(name));
}

static bool add_number(struct buf *block, enum container_key key, uint64_t number, const char *target,
                       const char *name, struct control_fault *ret_fault)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    return add_part(block, key, bytes_of(text, (size_t)size), target, name, ret_fault);
}

static bool add_words(struct buf *block, enum container_key key, const json_t *words, const char *name,
                      struct control_fault *ret_fault)
{
    if (json_array_size(words) > CONTAINER_WORDS_MAX)
        return control_refuse(ret_fault, CONTAINER, "too many words", bytes_of_cstr(name));
    for (size_t i = 0; i < json_array_size(words); i++)
        if (!add_part(block, key, json_bytes(json_array_get(words, i)), CONTAINER, name, ret_fault))
            return false;
    return true;
}

static bool add_limits(struct buf *block, const json_t *container, struct control_fault *ret_fault)
{
    static const char target[] = "properties.template.containers[0].resources";
    const json_t *resources = json_object_get(container, "resources");
    const json_t *cpu = json_object_get(resources, "cpu");
    struct bytes memory = json_member_bytes(resources, "memory");
    uint64_t size = 0;
    double processors = json_number_value(cpu);
    if (cpu && !json_is_null(cpu) && !(processors > 0 && processors <= 256))
        return control_refuse(ret_fault, target, "must be a number above 0", BYTES_LITERAL("cpu"));
    if (processors > 0 &&
        !add_number(block, CONTAINER_CPU, (uint64_t)(processors * 1000 + 0.5), target, "cpu", ret_fault))
        return false;
    if (memory.size == 0)
        return true;
    if (!container_memory_parse(memory, &size))
        return control_refuse(ret_fault, target, "must be as 0.5Gi or 512Mi", BYTES_LITERAL("memory"));
    return add_number(block, CONTAINER_MEMORY, size, target, "memory", ret_fault);
}

static bool add_variable(const json_t *record, const json_t *variable, struct buf *block,
                         struct control_fault *ret_fault)
{
    CLEANUP(buf_fini) struct buf pair = {0};
    struct bytes name = json_member_bytes(variable, "name");
    struct bytes value;
    struct err err = {0};
    if (!find_value(record, variable, &value, ret_fault))
        return false;
    buf_append_bytes(&pair, name);
    buf_append_byte(&pair, '=');
    buf_append_bytes(&pair, value);
    enum status status = buf_status(&pair);
    if (status == STATUS_OK)
        status = container_launch_add(block, CONTAINER_VARIABLE, buf_peek(&pair), &err);
    if (pair.data)
        explicit_bzero(pair.data, pair.size);
    return status == STATUS_OK || control_refuse(ret_fault, VARIABLES, err.text, name);
}

static bool add_target(struct buf *block, const json_t *record, struct control_fault *ret_fault)
{
    const json_t *settings = json_object_get(json_object_get(record, "properties"), "configuration");
    const json_t *ingress = json_object_get(settings, "ingress");
    json_int_t port = json_integer_value(json_object_get(ingress, "targetPort"));
    if (!json_is_object(ingress) || port == 0)
        return true;
    return add_number(block, CONTAINER_TARGET, (uint64_t)port, "properties.configuration.ingress",
                      "targetPort", ret_fault);
}

static bool describe_container(const json_t *record, const json_t *container, struct buf *ret_block,
                               struct control_fault *ret_fault)
{
    const json_t *variables = json_object_get(container, "env");
    struct bytes image = json_member_bytes(container, "image");
    if (!check_template(record, container, ret_fault) ||
        !add_part(ret_block, CONTAINER_IMAGE, image, CONTAINER, "image", ret_fault) ||
        !add_target(ret_block, record, ret_fault) || !add_limits(ret_block, container, ret_fault) ||
        !add_words(ret_block, CONTAINER_COMMAND, json_object_get(container, "command"), "command",
                   ret_fault) ||
        !add_words(ret_block, CONTAINER_ARGUMENT, json_object_get(container, "args"), "args", ret_fault))
        return false;
    if (json_array_size(variables) > CONTAINER_VARIABLES_MAX - IDENTITY_VARIABLES)
        return control_refuse(ret_fault, VARIABLES, "too many variables", BYTES_LITERAL("env"));
    for (size_t i = 0; i < json_array_size(variables); i++)
        if (!add_variable(record, json_array_get(variables, i), ret_block, ret_fault))
            return false;
    return true;
}

/* --- either --- */

bool control_app_is_own(const json_t *record)
{
    return own_container(record) != NULL;
}

bool control_app_describe(const json_t *record, struct buf *ret_block, struct control_fault *ret_fault)
{
    const json_t *own = own_container(record);
    if (own)
        return describe_own(record, own, ret_block, ret_fault);
    return describe_container(record, json_array_get(control_app_containers(record), 0), ret_block,
                              ret_fault);
}
