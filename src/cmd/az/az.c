/* SPDX-License-Identifier: MIT */
/* az.c — from the words to the row: files behind "@", help, what is wrong, the question before a deletion, the run. */
#include "cmd/az/az.h"

#include <curl/curl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/az/call.h"
#include "cmd/az/help.h"

#define AT_FILE_SIZE_MAX ((size_t)1 << 20) /* bytes of a file that stands for a value */

static int print_text(const struct buf *text, FILE *file, int code)
{
    bool whole = buf_status(text) == STATUS_OK && fwrite(text->data, 1, text->size, file) == text->size;
    return whole && fflush(file) == 0 ? code : EXIT_FAILED;
}

/* --- words --- */

static void join(int argc, char *const *argv, char *ret_words, size_t size)
{
    size_t used = 0;
    ret_words[0] = '\0';
    for (int i = 0; i < argc && used < size; i++) {
        const char *word = argv[i];
        used += (size_t)snprintf(ret_words + used, size - used, "%s%.60s", i ? " " : "", word);
    }
}

static int unknown(int argc, char *const *argv)
{
    CLEANUP(buf_fini) struct buf text = {0};
    char group[256];
    int depth = 0;
    az_parse_say_unknown(argc, argv, &depth, &text);
    ASSERT(depth <= argc);
    join(depth, argv, group, sizeof group);
    bool help = depth == argc || az_parse_wants_help(argc - depth, argv + depth);
    if (help && (argc == 0 || depth < argc)) {
        buf_clear(&text);
        az_help_group(group, &text);
        return print_text(&text, stdout, EXIT_GOOD);
    }
    (void)az_fail(EXIT_USAGE, "%.*s", BYTES_FMT(buf_peek(&text)));
    fprintf(stderr, "\nsallyport az %s%s--help\n", group, *group ? " " : "");
    return EXIT_USAGE;
}

/* --- files behind "@" --- */

/* "-" is standard input, "~/" is the home folder. NULL: it cannot be opened. */
static FILE *open_at_file(const char *path)
{
    char whole[PATH_MAX];
    const char *home = getenv("HOME");
    if (strcmp(path, "-") == 0)
        return fdopen(dup(STDIN_FILENO), "r");
    if (strncmp(path, "~/", 2) != 0 || !home)
        return fopen(path, "re");
    int size = snprintf(whole, sizeof whole, "%s%s", home, path + 1);
    return size > 0 && (size_t)size < sizeof whole ? fopen(whole, "re") : NULL;
}

/* What was typed before it and the text of a file, without the ends of lines at its end; NULL if it cannot be read, and then
 * the word is meant as it is. */
static char *read_at_file(struct bytes before, const char *path)
{
    FILE *file = open_at_file(path);
    char *text = file ? malloc(before.size + AT_FILE_SIZE_MAX + 1) : NULL;
    size_t size = text ? fread(text + before.size, 1, AT_FILE_SIZE_MAX + 1, file) : 0;
    bool good = text && !ferror(file) && size <= AT_FILE_SIZE_MAX;
    if (file)
        fclose(file);
    if (!good) {
        free(text);
        return NULL;
    }
    while (size > 0 && text[before.size + size - 1] == '\n')
        size--;
    memcpy(text, before.data, before.size);
    text[before.size + size] = '\0';
    return text;
}

static void free_words(char **words)
{
    for (char **word = words; word && *word; word++) {
        explicit_bzero(*word, strlen(*word)); /* it may have been a secret */
        free(*word);
    }
    free(words);
}

/* The word as it is meant: "@FILE" and "NAME=@FILE" have the file's text. NULL: out of memory. */
static char *copy_word(const char *word)
{
    const char *equals = strchr(word, '=');
    const char *at = word;
    if (word[0] != '@' && equals)
        at = equals + 1;
    char *text = NULL;
    if (at[0] == '@' && at[1])
        text = read_at_file(bytes_of(word, (size_t)(at - word)), at + 1);
    return text ? text : strdup(word);
}

/* A copy of the words, as they are meant; free_words. NULL: out of memory. */
static char **copy_words(int argc, char *const *argv)
{
    char **words = calloc((size_t)argc + 1, sizeof *words);
    bool good = words != NULL;
    for (int i = 0; good && i < argc; i++) {
        words[i] = copy_word(argv[i]);
        good = words[i] != NULL;
    }
    if (good)
        return words;
    free_words(words);
    return NULL;
}

/* --- the run --- */

static int read_view(struct az_call *call)
{
    static const char *const names[] = {AZ_FORMAT_NAMES};
    struct err err = {0};
    const char *query = az_text_of(&call->values, "query");
    const char *format = az_text_of(&call->values, "output");
    if (!format)
        format = getenv("AZURE_CORE_OUTPUT");
    for (size_t i = 0; format && i < ARRAY_SIZE(names); i++) {
        if (strcmp(names[i], format) == 0)
            call->format = (enum az_format)i;
    }
    if (query && jmespath_compile(bytes_of_cstr(query), &call->query, &err) != STATUS_OK)
        return az_fail(EXIT_USAGE, "argument --query: invalid jmespath_type value: '%s'\n%s", query,
                       err.text);
    return EXIT_GOOD;
}

static int ask_for_yes(const struct az_call *call)
{
    if (!call->command->asks || az_flag_of(&call->values, "yes"))
        return EXIT_GOOD;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        az_warn(call, "Unable to prompt for confirmation as no tty available. Use --yes.");
        return az_fail(EXIT_FAILED, "Operation cancelled.");
    }
    char line[16] = "";
    fputs("Are you sure you want to perform this operation? (y/n): ", stderr);
    bool yes = fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
    if (!yes)
        return az_fail(EXIT_FAILED, "Operation cancelled.");
    return EXIT_GOOD;
}

static int refuse(const struct az_command *command, const struct buf *refusal)
{
    (void)az_fail(EXIT_USAGE, "%.*s", BYTES_FMT(buf_peek(refusal)));
    if (command->example)
        fprintf(stderr, "\nExamples from command's help:\naz %s %s\n", command->name, command->example);
    fprintf(stderr, "\nsallyport az %s --help\n", command->name);
    return EXIT_USAGE;
}

static int run(struct az_call *call, int argc, char *const *argv)
{
    CLEANUP(buf_fini) struct buf refusal = {0};
    struct err err = {0};
    const char *group = getenv("AZURE_DEFAULTS_GROUP");
    const char *location = getenv("AZURE_DEFAULTS_LOCATION");
    if (az_server_open(&call->server, &err) != STATUS_OK)
        return az_fail(EXIT_FAILED, "%s", err.text);
    const struct az_presets presets = {
        .group = group ? group : az_profile_text(call->server.profile, "defaults", "group"),
        .location = location ? location : az_profile_text(call->server.profile, "defaults", "location")};
    if (!az_parse(call->command, argc, argv, &presets, &call->values, &refusal))
        return refuse(call->command, &refusal);
    call->server.verbose = az_flag_of(&call->values, "verbose") || az_flag_of(&call->values, "debug");
    int code = read_view(call);
    if (code == EXIT_GOOD)
        code = ask_for_yes(call);
    if (code != EXIT_GOOD)
        return code;
    if (call->command->run)
        return call->command->run(call);
    return az_call_run(call);
}

static int run_command(const struct az_command *command, int argc, char *const *argv)
{
    CLEANUP(buf_fini) struct buf text = {0};
    if (az_parse_wants_help(argc, argv)) {
        az_help_command(command, &text);
        return print_text(&text, stdout, EXIT_GOOD);
    }
    struct az_call *call = calloc(1, sizeof *call);
    char **words = copy_words(argc, argv);
    if (!call || !words || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(call);
        free_words(words);
        return az_no_memory();
    }
    call->command = command;
    int code = run(call, argc, words);
    json_decref(call->subscription);
    jmespath_destroy(call->query);
    az_server_close(&call->server);
    free(call);
    free_words(words);
    curl_global_cleanup();
    return code;
}

int az_main(int argc, char *const *argv)
{
    static char word[] = "version";
    static char *const version[] = {word};
    if (argc > 0 && (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-v") == 0)) {
        argc = 1;
        argv = version;
    }
    int used = 0;
    const struct az_command *command = az_parse_command(argc, argv, &used);
    if (command)
        return run_command(command, argc - used, argv + used);
    return unknown(argc, argv);
}
