/* SPDX-License-Identifier: MIT */
/* option.c — the parser behind the tables of settings: names, then the three places that values come from (command line,
 * environment, file), then all of it. ORDER: what is parsed first counts, so a later place fills in only what is open. */
#include "cmd/option.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/nearest.h"
#include "base/text.h"
#include "cmd/limit_values.h"
#include "cmd/option_secret.h"
#include "cmd/option_value.h"

/* --- names --- */

/* The tables of a command as one list, in the order of `struct option_values`. */
struct option_row {
    const struct option_spec *spec;
    bool known; /* to the command */
};

struct parse {
    const struct option_syntax *syntax;
    struct option_row rows[OPTION_MAX];
    size_t count;
    struct option_values *values;
    struct err *err;
    bool in_file[OPTION_MAX];           /* by index in `rows`: the file has named it */
    const struct option_values *former; /* whose secrets are taken again; NULL: they are read */
};

static void list_rows(struct parse *parse)
{
    for (size_t i = 0; i < OPTION_SETS_MAX; i++) {
        const struct option_set *set = &parse->syntax->sets[i];
        for (const struct option_spec *spec = set->table; spec && spec->name; spec++) {
            ASSERT(parse->count < OPTION_MAX);
            parse->rows[parse->count++] =
                (struct option_row){.spec = spec, .known = (spec->commands & set->commands) != 0};
        }
    }
}

/* False if the command knows no such setting. */
static bool find_row(const struct parse *parse, struct bytes name, size_t *ret_index)
{
    for (size_t i = 0; i < parse->count; i++) {
        if (parse->rows[i].known && bytes_equal_cstr(name, parse->rows[i].spec->name)) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static bool find_letter(const struct parse *parse, char letter, size_t *ret_index)
{
    for (size_t i = 0; i < parse->count; i++) {
        if (parse->rows[i].known && letter && parse->rows[i].spec->letter == letter) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static enum status unknown(const struct parse *parse, const char *origin, struct bytes name)
{
    char text[OPTION_NAME_MAX + 1];
    snprintf(text, sizeof text, "%.*s", BYTES_FMT(name));
    struct nearest nearest = nearest_begin(bytes_of_cstr(text));
    for (size_t i = 0; i < parse->count; i++) {
        if (parse->rows[i].known)
            nearest_offer(&nearest, bytes_of_cstr(parse->rows[i].spec->name));
    }
    struct bytes near = nearest.found;
    return err_set(parse->err, STATUS_INVALID_ARGUMENT, "%s: there is no setting \"%s\"%s%.*s%s", origin,
                   text, near.size ? "; did you mean \"" : "", BYTES_FMT(near), near.size ? "\"?" : "");
}

/* --- the command line --- */

static enum status take_positional(struct parse *parse, const char *text)
{
    struct option_values *values = parse->values;
    if (!parse->syntax->positionals)
        return err_set(parse->err, STATUS_INVALID_ARGUMENT, "unexpected argument \"%.80s\"", text);
    if (values->positional_count == OPTION_POSITIONALS_MAX)
        return err_set(parse->err, STATUS_INVALID_ARGUMENT,
                       "more than %d arguments (limit option-positionals-max)", OPTION_POSITIONALS_MAX);
    values->positionals[values->positional_count++] = text;
    return STATUS_OK;
}

/* Compares what was given with `positionals`, word by word. */
static enum status check_positionals(const struct parse *parse)
{
    const struct option_values *values = parse->values;
    struct bytes rest = bytes_of_cstr(text_or(parse->syntax->positionals, ""));
    size_t taken = 0;
    while (rest.size > 0) {
        struct bytes word = bytes_split(&rest, ' ');
        bool optional = word.data[0] == '[';
        if (taken == values->positional_count && !optional)
            return err_set(parse->err, STATUS_INVALID_ARGUMENT, "%.*s is missing", BYTES_FMT(word));
        if (bytes_find(word, BYTES_LITERAL("...")) != word.size)
            return STATUS_OK;
        taken += taken < values->positional_count;
    }
    if (taken < values->positional_count)
        return err_set(parse->err, STATUS_INVALID_ARGUMENT, "unexpected argument \"%.80s\"",
                       values->positionals[taken]);
    return STATUS_OK;
}

/* "--name", "--name=value" or "-n": which setting, and the value if it is in the same argument. */
static enum status find_option(const struct parse *parse, const char *argument, size_t *ret_index,
                               const char **ret_text)
{
    *ret_text = NULL;
    if (argument[1] != '-') {
        if (argument[2] == '\0' && find_letter(parse, argument[1], ret_index))
            return STATUS_OK;
        return err_set(parse->err, STATUS_INVALID_ARGUMENT, "command line: there is no setting \"%.80s\"",
                       argument);
    }
    struct bytes rest = bytes_of_cstr(argument + 2);
    struct bytes name = bytes_split(&rest, '=');
    if (!find_row(parse, name, ret_index))
        return unknown(parse, "command line", name);
    *ret_text = (const char *)rest.data;
    return STATUS_OK;
}

static enum status keep_repeated(struct parse *parse, const struct option_spec *spec, const char *text)
{
    struct option_values *values = parse->values;
    if (!spec->repeats)
        return STATUS_OK;
    if (values->repeated_count == OPTION_REPEATED_MAX)
        return err_set(parse->err, STATUS_INVALID_ARGUMENT, "--%s: more than %d (limit option-repeated-max)",
                       spec->name, OPTION_REPEATED_MAX);
    values->repeated[values->repeated_count++] = (struct option_repeated){spec, text};
    return STATUS_OK;
}

static enum status parse_arguments(struct parse *parse, int argc, char *const *argv)
{
    bool options_over = false;
    for (int i = 0; i < argc; i++) {
        if (!options_over && strcmp(argv[i], "--") == 0) {
            options_over = true;
            continue;
        }
        enum status status;
        if (options_over || argv[i][0] != '-' || !argv[i][1]) {
            status = take_positional(parse, argv[i]);
            if (status != STATUS_OK)
                return status;
            continue;
        }

        size_t index = 0;
        const char *text = NULL;
        status = find_option(parse, argv[i], &index, &text);
        if (status != STATUS_OK)
            return status;
        const struct option_spec *spec = parse->rows[index].spec;
        if (!text && spec->kind == OPTION_FLAG)
            text = "true";
        else if (!text && ++i < argc)
            text = argv[i];
        if (!text)
            return err_set(parse->err, STATUS_INVALID_ARGUMENT, "--%s needs %s", spec->name, spec->argument);
        status = option_value_set(spec, text, "command line", &parse->values->at[index], parse->err);
        if (status != STATUS_OK)
            return status;
        parse->values->at[index].origin = OPTION_FROM_COMMAND_LINE;
        status = keep_repeated(parse, spec, text);
        if (status != STATUS_OK)
            return status;
    }
    return check_positionals(parse);
}

/* --- the environment --- */

static enum status parse_environment(struct parse *parse, const char *(*environment)(const char *name))
{
    for (size_t i = 0; i < parse->count; i++) {
        const struct option_spec *spec = parse->rows[i].spec;
        if (!parse->rows[i].known || !spec->environment || parse->values->at[i].given)
            continue;
        const char *text = environment(spec->environment);
        if (!text || !*text)
            continue;
        enum status status =
            option_value_set(spec, text, spec->environment, &parse->values->at[i], parse->err);
        if (status != STATUS_OK)
            return status;
        parse->values->at[i].origin = OPTION_FROM_ENVIRONMENT;
    }
    return STATUS_OK;
}

/* --- the file --- */

static enum status read_file(const char *path, char **ret_text, struct err *err)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_set(err, STATUS_INVALID_ARGUMENT, "cannot read %s: %s", path, strerror(errno));
    char *text = malloc(OPTION_FILE_SIZE_MAX + 1);
    errno = 0;
    size_t size = text ? fread(text, 1, OPTION_FILE_SIZE_MAX + 1, f) : 0;
    const char *fault = NULL;
    if (!text || ferror(f))
        fault = strerror(errno);
    else if (size > OPTION_FILE_SIZE_MAX)
        fault = "it is longer than 1 MiB (limit option-file-size-max)";
    else if (memchr(text, '\0', size))
        fault = "it is not text";
    fclose(f);
    if (fault) {
        free(text);
        return err_set(err, STATUS_INVALID_ARGUMENT, "cannot read %s: %s", path, fault);
    }
    text[size] = '\0';
    *ret_text = text;
    return STATUS_OK;
}

/* One line: blank, "# comment", or "name = value". Cuts the line's text into C strings in place. `ret_column` is where a
 * fault is, from 1. */
static enum status parse_line(struct parse *parse, char *line, int number, const char *origin,
                              int *ret_column)
{
    struct bytes text = bytes_trim(bytes_of_cstr(line));
    if (text.size == 0 || text.data[0] == '#')
        return STATUS_OK;
    *ret_column = (int)((const char *)text.data - line) + 1;
    struct bytes rest = text;
    struct bytes name = bytes_trim(bytes_split(&rest, '='));
    if (!rest.data)
        return err_set(parse->err, STATUS_INVALID_ARGUMENT, "%s: expected \"name = value\"", origin);
    size_t index;
    if (!find_row(parse, name, &index))
        return unknown(parse, origin, name);
    const struct option_spec *spec = parse->rows[index].spec;
    if (parse->in_file[index])
        return err_set(parse->err, STATUS_INVALID_ARGUMENT, "%s: %s is set twice", origin, spec->name);
    parse->in_file[index] = true;
    if (parse->values->at[index].given)
        return STATUS_OK; /* the command line or the environment said otherwise */

    struct bytes value = bytes_trim(rest);
    char *start = line + ((const char *)value.data - line);
    *ret_column = (int)(start - line) + 1;
    start[value.size] = '\0';
    enum status status = option_value_set(spec, start, origin, &parse->values->at[index], parse->err);
    if (status != STATUS_OK)
        return status;
    parse->values->at[index].origin = OPTION_FROM_FILE;
    parse->values->at[index].line = number;
    return STATUS_OK;
}

/* Cuts the next line off; NULL: there is none. */
static char *next_line(char **rest)
{
    char *line = *rest;
    if (!line)
        return NULL;
    *rest = strchr(line, '\n');
    if (*rest)
        *(*rest)++ = '\0';
    return line;
}

static enum status parse_file(struct parse *parse)
{
    size_t index;
    const char *name = parse->syntax->file;
    if (!name || !find_row(parse, bytes_of_cstr(name), &index) || !parse->values->at[index].text)
        return STATUS_OK;
    const char *path = parse->values->at[index].text;
    enum status status = read_file(path, &parse->values->file_text, parse->err);
    int number = 0;
    int column = 0;
    char *rest = status == STATUS_OK ? parse->values->file_text : NULL;
    char *line;
    while (status == STATUS_OK && (line = next_line(&rest)) != NULL) {
        char origin[300];
        snprintf(origin, sizeof origin, "%.200s:%d", path, ++number);
        status = parse_line(parse, line, number, origin, &column);
    }
    return status;
}

enum status option_check_file(const struct option_syntax *syntax, const char *path,
                              void (*on_fault)(void *context, const struct option_fault *fault),
                              void *context, struct err *err)
{
    struct option_values values = {.syntax = syntax};
    struct err why = {0};
    struct parse parse = {.syntax = syntax, .values = &values, .err = &why};
    list_rows(&parse);
    enum status status = read_file(path, &values.file_text, err);
    char *rest = status == STATUS_OK ? values.file_text : NULL;
    char *line;
    for (int number = 1; (line = next_line(&rest)) != NULL; number++) {
        struct option_fault fault = {.line = number, .column = 1};
        if (parse_line(&parse, line, number, "", &fault.column) == STATUS_OK)
            continue;
        fault.text = why.text + strlen(": "); /* behind the origin, which is empty */
        on_fault(context, &fault);
    }
    option_values_fini(&values);
    return status;
}

/* --- secrets in files --- */

/* As it was read at the start: who runs by now may not be able to read the file. */
static enum status copy_secret(const struct parse *parse, size_t target, char **ret_text)
{
    *ret_text = strdup(text_or(parse->former->at[target].text, ""));
    return *ret_text ? STATUS_OK : err_no_memory(parse->err);
}

/* What is said nearer to who asks counts; said twice at the same place it is a mistake. */
static enum status take_secret(struct parse *parse, const struct option_value *named, size_t target)
{
    struct option_values *values = parse->values;
    struct option_value *value = &values->at[target];
    const struct option_spec *spec = parse->rows[target].spec;
    if (value->given && value->origin > named->origin)
        return STATUS_OK;
    if (value->given && value->origin == named->origin)
        return err_set(parse->err, STATUS_INVALID_ARGUMENT, "%s and %s-file: choose one", spec->name,
                       spec->name);
    ASSERT(values->secret_count < OPTION_SECRETS_MAX);
    char *text = NULL;
    enum status status = parse->former ? copy_secret(parse, target, &text)
                                       : option_secret_read(named->text, &text, parse->err);
    if (status != STATUS_OK)
        return status;
    values->secrets[values->secret_count++] = text;
    *value = (struct option_value){.given = true, .origin = named->origin, .line = named->line, .text = text};
    return STATUS_OK;
}

static enum status take_secrets(struct parse *parse)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < parse->count; i++) {
        const char *target = parse->rows[i].spec->file_of;
        size_t index;
        if (target && parse->values->at[i].given && find_row(parse, bytes_of_cstr(target), &index))
            status = take_secret(parse, &parse->values->at[i], index);
    }
    return status;
}

/* --- all of it --- */

static enum status fill_defaults(struct parse *parse)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < parse->count; i++) {
        const struct option_spec *spec = parse->rows[i].spec;
        if (parse->values->at[i].given || !spec->initial)
            continue;
        status = option_value_set(spec, spec->initial, "default", &parse->values->at[i], parse->err);
        parse->values->at[i].given = false;
    }
    return status;
}

static enum status parse_all(const struct option_values *former, struct option_values *ret_values,
                             struct err *err)
{
    struct parse parse = {.syntax = ret_values->syntax, .values = ret_values, .err = err, .former = former};
    list_rows(&parse);
    enum status status = parse_arguments(&parse, ret_values->argc, ret_values->argv);
    if (status == STATUS_OK)
        status = parse_environment(&parse, ret_values->environment);
    if (status == STATUS_OK)
        status = parse_file(&parse);
    if (status == STATUS_OK)
        status = take_secrets(&parse);
    if (status == STATUS_OK)
        status = fill_defaults(&parse);
    if (status != STATUS_OK)
        option_values_fini(ret_values);
    return status;
}

enum status option_parse(const struct option_syntax *syntax, int argc, char *const *argv,
                         const char *(*environment)(const char *name), struct option_values *ret_values,
                         struct err *err)
{
    *ret_values =
        (struct option_values){.syntax = syntax, .argc = argc, .argv = argv, .environment = environment};
    return parse_all(NULL, ret_values, err);
}

enum status option_parse_again(const struct option_values *values, struct option_values *ret_values,
                               struct err *err)
{
    *ret_values = (struct option_values){.syntax = values->syntax,
                                         .argc = values->argc,
                                         .argv = values->argv,
                                         .environment = values->environment};
    return parse_all(values, ret_values, err);
}

void option_values_fini(struct option_values *values)
{
    free(values->file_text);
    values->file_text = NULL;
    while (values->secret_count > 0)
        option_secret_free(values->secrets[--values->secret_count]);
}
