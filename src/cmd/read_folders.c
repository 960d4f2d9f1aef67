/* SPDX-License-Identifier: MIT */
/* read_folders.c — three tables of who names a file, and one function from a file to its folders. */
#include "cmd/read_folders.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/no_memory.h"
#include "wire/connection_string.h"

static const char *const settings[] = {"tls-certificate", "tls-key", "tls-client-ca", "ca-file", "config"};
static const char *const variables[] = {"AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE"};
/* Connection strings, or the end of one. */
static const char *const strings[] = {"scheduler", "session-pool-authentication"};

_Static_assert(READ_FOLDERS_ROOM ==
                   2 * (ARRAY_SIZE(settings) + ARRAY_SIZE(variables) + ARRAY_SIZE(strings)) + 1,
               "each file has two folders");

struct read_folders {
    struct arena *arena;
    const char **names;
    size_t count;
};

/* So much lies in "/" and "/etc" that a file of it is named alone. One that is replaced there is not seen before the next
 * start. */
static bool is_of_the_system(const char *folder)
{
    return folder[0] == '/' && strchr(folder + 1, '/') == NULL;
}

static enum status add_folder(struct read_folders *folders, struct bytes path)
{
    char *copy = arena_cstr(folders->arena, path);
    char *whole = arena_cstr(folders->arena, path);
    if (!copy || !whole)
        return STATUS_NO_MEMORY;
    const char *folder = dirname(copy);
    folders->names[folders->count++] = is_of_the_system(folder) ? whole : folder;
    return STATUS_OK;
}

static enum status add_file(struct read_folders *folders, struct bytes path)
{
    if (!path.size)
        return STATUS_OK;
    char *name = arena_cstr(folders->arena, path);
    if (!name)
        return STATUS_NO_MEMORY;
    char *real = realpath(name, NULL);
    enum status status = add_folder(folders, path);
    if (real && status == STATUS_OK)
        status = add_folder(folders, bytes_of_cstr(real));
    free(real);
    return status;
}

/* What TokenFilePath= says, in the text itself and behind the key that the app may put in front of it; a string that nobody
 * can read names nothing. */
static enum status add_token_file(struct read_folders *folders, const char *text)
{
    if (!text)
        return STATUS_OK;
    const char *longer = arena_fmt(folders->arena, "Authentication=%s", text);
    if (!longer)
        return STATUS_NO_MEMORY;
    const char *const forms[] = {text, longer};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        struct connection_string parts;
        enum status status = connection_string_parse(bytes_of_cstr(forms[i]), &parts, NULL);
        if (status == STATUS_OK && parts.token_file.data)
            return add_file(folders, parts.token_file);
    }
    return STATUS_OK;
}

enum status read_folders_list(const struct option_values *values, struct arena *arena,
                              const char *ret_folders[READ_FOLDERS_ROOM], struct err *err)
{
    struct read_folders folders = {.arena = arena, .names = ret_folders};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < ARRAY_SIZE(settings) && status == STATUS_OK; i++)
        status = add_file(&folders, bytes_of_cstr(setting_text(values, settings[i])));
    for (size_t i = 0; i < ARRAY_SIZE(variables) && status == STATUS_OK; i++)
        status = add_file(&folders, bytes_of_cstr(values->environment(variables[i])));
    for (size_t i = 0; i < ARRAY_SIZE(strings) && status == STATUS_OK; i++)
        status = add_token_file(&folders, setting_text(values, strings[i]));
    ret_folders[folders.count] = NULL;
    if (status == STATUS_OK)
        return status;
    return err_set(err, status, ERR_NO_MEMORY);
}
