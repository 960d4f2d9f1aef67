/* SPDX-License-Identifier: MIT */
/* act_deployment.c — a template's file and the parameters of a command line become one request. */
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/text.h"
#include "cmd/az/acts.h"
#include "cmd/az/request.h"
#include "core/template/relaxed.h"
#include "wire/json/json.h"

#define TEMPLATE_FILE_SIZE ((size_t)4 << 20)
#define NAME_SIZE          65

static int read_template(const char *path, json_t **ret_template)
{
    CLEANUP(buf_fini) struct buf text = {.limit = TEMPLATE_FILE_SIZE + 1};
    struct err err = {0};
    char part[8192];
    size_t size;
    FILE *file = fopen(path, "re");
    if (!file)
        return az_fail(EXIT_FAILED, "[Errno 2] No such file or directory: '%s'", path);
    while ((size = fread(part, 1, sizeof part, file)) > 0)
        buf_append(&text, part, size);
    fclose(file);
    CLEANUP(buf_fini) struct buf strict = {0};
    relaxed_to_json(buf_peek(&text), &strict);
    if (json_parse(buf_peek(&strict), NULL, ret_template, &err) == STATUS_OK)
        return EXIT_GOOD;
    size_t length = strlen(path);
    bool bicep = length > 6 && strcmp(path + length - 6, ".bicep") == 0;
    return az_fail(EXIT_FAILED, "Failed to parse '%s': %s%s", path, err.text,
                   bicep ? "; compile it first: bicep build" : "");
}

/* "name=value" with a value in JSON where it is one; a file of parameters, or the object within it. */
static bool add_parameter(json_t *parameters, const char *text, const json_t *declared)
{
    const char *equals = strchr(text, '=');
    json_t *value = NULL;
    if (text[0] == '{') {
        json_t *all = NULL;
        if (json_parse(bytes_of_cstr(text), NULL, &all, NULL) != STATUS_OK)
            return false;
        json_t *inner = json_object_get(all, "parameters");
        bool good = json_object_update(parameters, json_is_object(inner) ? inner : all) == 0;
        json_decref(all);
        return good;
    }
    if (!equals || equals == text)
        return false;
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)MIN((size_t)(equals - text), sizeof name - 1), text);
    struct bytes type = json_member_bytes(json_get_nocase(declared, name), "type");
    bool is_text = bytes_equal_nocase(type, BYTES_LITERAL("string")) ||
                   bytes_equal_nocase(type, BYTES_LITERAL("secureString"));
    if (is_text || json_parse(bytes_of_cstr(equals + 1), NULL, &value, NULL) != STATUS_OK)
        value = json_string(equals + 1);
    return value && json_object_set_new(parameters, name, json_pack("{s:o}", "value", value)) == 0;
}

static int read_parameters(const struct az_call *call, const json_t *template, json_t **ret_parameters)
{
    const struct az_value *typed = az_value_of(&call->values, "parameters");
    json_t *parameters = json_object();
    for (size_t i = 0; typed && i < typed->count; i++) {
        const char *text = call->values.texts[typed->first + i];
        if (add_parameter(parameters, text, json_object_get(template, "parameters")))
            continue;
        json_decref(parameters);
        return az_fail(EXIT_FAILED, "Unable to parse parameter: expected NAME=VALUE, JSON or @FILE");
    }
    *ret_parameters = parameters;
    return EXIT_GOOD;
}

/* What was typed, or the file's name without its ending. */
static void name_of(const struct az_call *call, char ret_name[NAME_SIZE])
{
    const char *name = az_text_of(&call->values, "name");
    const char *path = az_text_of(&call->values, "template-file");
    const char *slash = strrchr(path, '/');
    snprintf(ret_name, NAME_SIZE, "%s", text_or(name, slash ? slash + 1 : path));
    char *dot = name ? NULL : strrchr(ret_name, '.');
    if (dot && dot != ret_name)
        *dot = '\0';
}

static int make_path(struct az_call *call, struct buf *out)
{
    struct err err = {0};
    char name[NAME_SIZE];
    bool looks = strcmp(call->command->method, "POST") == 0;
    int code = az_call_subscription(call);
    if (code != EXIT_GOOD)
        return code;
    if (az_request_path(&call->values, call->command->path, NULL, az_subscription_id(call), out, &err) !=
        STATUS_OK)
        return az_fail(EXIT_USAGE, "%s", err.text);
    name_of(call, name);
    buf_append_byte(out, '/');
    percent_encode(out, bytes_of_cstr(name), NULL);
    buf_append_cstr(out, looks ? "/validate" : "");
    buf_append_byte(out, '\0');
    return out->failed ? az_no_memory() : EXIT_GOOD;
}

int az_act_deployment(struct az_call *call)
{
    CLEANUP(buf_fini) struct buf path = {0};
    CLEANUP(json_release) json_t *template = NULL;
    CLEANUP(json_release) json_t *parameters = NULL;
    CLEANUP(json_release) json_t *answer = NULL;
    int code = read_template(az_text_of(&call->values, "template-file"), &template);
    if (code == EXIT_GOOD)
        code = read_parameters(call, template, &parameters);
    if (code == EXIT_GOOD)
        code = make_path(call, &path);
    if (code != EXIT_GOOD)
        return code;
    CLEANUP(json_release)
    json_t *body =
        json_pack("{s:s*, s:{s:s, s:O, s:O}}", "location", az_text_of(&call->values, "location"),
                  "properties", "mode", "Incremental", "template", template, "parameters", parameters);
    code = az_ask_manager(call, call->command->method, (const char *)path.data, call->command->version, body,
                          &answer);
    if (code == EXIT_GOOD && !az_flag_of(&call->values, "no-wait"))
        return az_print_shaped(call, answer);
    return code;
}
