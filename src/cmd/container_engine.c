/* SPDX-License-Identifier: MIT */
/* container_engine.c — the PATH is walked as a shell does. */
#include "cmd/container_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "svc/launcher/engine_command.h"

static const char *const engines[] = {"podman", "docker", "nerdctl"};

static bool is_program(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && access(path, X_OK) == 0;
}

bool container_engine_find(const char *name, char ret_path[PATH_MAX])
{
    if (strchr(name, '/')) {
        bool fits = name[0] == '/' && snprintf(ret_path, PATH_MAX, "%s", name) < PATH_MAX;
        return fits && is_program(ret_path);
    }
    struct bytes folders = bytes_of_cstr(getenv("PATH"));
    while (folders.size > 0) {
        struct bytes folder = bytes_split(&folders, ':');
        int size = snprintf(ret_path, PATH_MAX, "%.*s/%s", BYTES_FMT(folder), name);
        if (folder.size > 0 && folder.data[0] == '/' && size < PATH_MAX && is_program(ret_path))
            return true;
    }
    return false;
}

const char *container_engine_there(void)
{
    char path[PATH_MAX];
    for (size_t i = 0; i < ARRAY_SIZE(engines); i++)
        if (container_engine_find(engines[i], path))
            return engines[i];
    return NULL;
}

void container_engine_advise(char *ret_text, size_t size)
{
    static const char none[] =
        "The server runs no container engine, only the image sallyport/app: the app is kept and shown";
    const char *there = container_engine_there();
    if (there)
        snprintf(ret_text, size, "%s. Start the server with --container-engine %s", none, there);
    else
        snprintf(ret_text, size,
                 "%s. apt-get install podman, and start the server with --container-engine podman", none);
}

/* Lines hold one word each, so a word holds no line. */
static bool add_line(struct buf *settings, struct bytes word)
{
    if (word.size == 0 || memchr(word.data, '\n', word.size))
        return false;
    buf_append_byte(settings, '\n');
    buf_append_bytes(settings, word);
    return true;
}

enum status container_engine_settings(const char *name, const char *options, const struct stat *owner,
                                      struct buf *ret_settings, struct err *err)
{
    char path[PATH_MAX];
    char text[40];
    size_t count = 0;
    if (!container_engine_find(name, path))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "container-engine: there is no program \"%.100s\"; type: apt-get install podman",
                       name);
    int size = snprintf(text, sizeof text, "%llx-%llx", (unsigned long long)owner->st_dev,
                        (unsigned long long)owner->st_ino);
    buf_append_cstr(ret_settings, path);
    bool good = !strchr(path, '\n') && add_line(ret_settings, bytes_of(text, (size_t)size));

    struct bytes words = bytes_of_cstr(options);
    while (good && words.size > 0) {
        struct bytes word = bytes_split(&words, ' ');
        if (word.size > 0)
            good = ++count <= ENGINE_OPTIONS_MAX && add_line(ret_settings, word);
    }
    if (!good)
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "container-options: words of a line, with blanks between them, at most %d",
                       ENGINE_OPTIONS_MAX);
    buf_append_byte(ret_settings, '\0');
    if (buf_status(ret_settings) == STATUS_OK)
        return STATUS_OK;
    return err_no_memory(err);
}
