/* SPDX-License-Identifier: MIT */
/* container_launch.c — one row a key: its name, how often it may come, and the function that judges and keeps its value. */
#include "wire/container_launch.h"

#include <stdio.h>

#define WORD_SIZE    ((size_t)4096)
#define NAME_SIZE    ((size_t)128)
#define MEMORY_BOUND ((uint64_t)1 << 40)
#define CPU_BOUND    256000

/* --- values --- */

static bool is_alphanumeric(uint8_t byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

static bool is_image_mark(uint8_t byte)
{
    return byte && strchr("._-/:@", byte);
}

/* Its first character is none of an option's. */
static bool is_image(struct bytes value)
{
    if (value.size == 0 || value.size > CONTAINER_IMAGE_MAX || !is_alphanumeric(value.data[0]))
        return false;
    for (size_t i = 0; i < value.size; i++)
        if (!is_alphanumeric(value.data[i]) && !is_image_mark(value.data[i]))
            return false;
    return true;
}

static bool is_number(struct bytes value, uint64_t least, uint64_t most, uint64_t *ret_number)
{
    return bytes_parse_u64(value, ret_number) == STATUS_OK && *ret_number >= least && *ret_number <= most;
}

/* A file of variables has a line for each, so a value has none. */
static bool is_variable(struct bytes value)
{
    size_t equals = bytes_find(value, BYTES_LITERAL("="));
    if (equals == 0 || equals >= value.size || equals > NAME_SIZE)
        return false;
    for (size_t i = 0; i < equals; i++) {
        uint8_t c = value.data[i];
        bool digit = c >= '0' && c <= '9';
        if ((!is_alphanumeric(c) && c != '_') || (i == 0 && digit))
            return false;
    }
    return !memchr(value.data, '\n', value.size) && !memchr(value.data, '\r', value.size);
}

static bool is_word(struct bytes value)
{
    return value.size > 0 && value.size <= WORD_SIZE;
}

/* --- the table --- */

static bool keep_image(struct container_launch *launch, struct bytes value)
{
    launch->image = (const char *)value.data;
    return is_image(value);
}

static bool keep_target(struct container_launch *launch, struct bytes value)
{
    uint64_t number = 0;
    bool good = is_number(value, 1, UINT16_MAX, &number);
    launch->target = (uint16_t)number;
    return good;
}

static bool keep_memory(struct container_launch *launch, struct bytes value)
{
    return is_number(value, 1, MEMORY_BOUND, &launch->memory_bytes);
}

static bool keep_cpu(struct container_launch *launch, struct bytes value)
{
    uint64_t number = 0;
    bool good = is_number(value, 1, CPU_BOUND, &number);
    launch->cpu_millis = (uint32_t)number;
    return good;
}

static bool keep_command(struct container_launch *launch, struct bytes value)
{
    launch->command[launch->command_count++] = (const char *)value.data;
    return is_word(value);
}

static bool keep_argument(struct container_launch *launch, struct bytes value)
{
    launch->arguments[launch->argument_count++] = (const char *)value.data;
    return is_word(value);
}

static bool keep_variable(struct container_launch *launch, struct bytes value)
{
    launch->variables[launch->variable_count++] = (const char *)value.data;
    return is_variable(value);
}

static bool keep_forward(struct container_launch *launch, struct bytes value)
{
    size_t colon = bytes_find(value, BYTES_LITERAL(":"));
    uint64_t inner = 0;
    uint64_t outer = 0;
    bool good = is_number(bytes_slice(value, 0, colon), 1, UINT16_MAX, &inner) &&
                is_number(bytes_slice(value, colon + 1, SIZE_MAX), 1, UINT16_MAX, &outer);
    launch->forwards[launch->forward_count].inner = (uint16_t)inner;
    launch->forwards[launch->forward_count++].outer = (uint16_t)outer;
    return good;
}

static const struct {
    const char *name;
    size_t most;
    bool (*keep)(struct container_launch *launch, struct bytes value); /* false: it is not of its kind */
    const char *kind;
} rows[CONTAINER_KEYS] = {
    [CONTAINER_IMAGE] = {"image", 1, keep_image, "an image's name: letters, digits and ._-/:@, at most 255"},
    [CONTAINER_TARGET] = {"target", 1, keep_target, "a port"},
    [CONTAINER_MEMORY] = {"memory", 1, keep_memory, "bytes, at most 1 TiB"},
    [CONTAINER_CPU] = {"cpu", 1, keep_cpu, "thousandths of a processor, at most 256,000"},
    [CONTAINER_COMMAND] = {"command", CONTAINER_WORDS_MAX, keep_command,
                           "a word, not empty, at most 4096 bytes"},
    [CONTAINER_ARGUMENT] = {"argument", CONTAINER_WORDS_MAX, keep_argument,
                            "a word, not empty, at most 4096 bytes"},
    [CONTAINER_VARIABLE] = {"variable", CONTAINER_VARIABLES_MAX, keep_variable,
                            "NAME=VALUE: a name of letters, digits and _, a value of one line"},
    [CONTAINER_FORWARD] = {"forward", CONTAINER_FORWARDS_MAX, keep_forward, "two ports"},
};

/* --- blocks --- */

static STATUS_RESULT judge(enum container_key key, struct bytes value, struct err *err)
{
    struct container_launch scratch = {0};
    if (memchr(value.data ? value.data : (const uint8_t *)"", '\0', value.size) ||
        !rows[key].keep(&scratch, value))
        return err_set(err, STATUS_INVALID_ARGUMENT, "must be %s", rows[key].kind);
    return STATUS_OK;
}

enum status container_launch_add(struct buf *block, enum container_key key, struct bytes value,
                                 struct err *err)
{
    enum status status = judge(key, value, err);
    if (status != STATUS_OK)
        return status;
    if (block->size + strlen(rows[key].name) + value.size + 2 > CONTAINER_BLOCK_MAX)
        return err_set(err, STATUS_TOO_LARGE, "command and variables of an app are over %zu bytes",
                       CONTAINER_BLOCK_MAX);
    buf_append_fmt(block, "%s=", rows[key].name);
    buf_append_bytes(block, value);
    buf_append_byte(block, '\0');
    return buf_status(block);
}

static int find_key(struct bytes name)
{
    for (int key = 0; key < CONTAINER_KEYS; key++)
        if (bytes_equal_cstr(name, rows[key].name))
            return key;
    return -1;
}

enum status container_launch_read(struct bytes block, struct container_launch *ret_launch, struct err *err)
{
    struct container_launch launch = {0};
    size_t counts[CONTAINER_KEYS] = {0};
    while (block.size > 0) {
        const uint8_t *end = memchr(block.data, '\0', block.size);
        if (!end)
            return err_set(err, STATUS_MALFORMED, "a description is cut off");
        struct bytes one = bytes_of(block.data, (size_t)(end - block.data));
        size_t equals = bytes_find(one, BYTES_LITERAL("="));
        int key = find_key(bytes_slice(one, 0, equals));
        if (key < 0 || equals == one.size || counts[key]++ == rows[key].most)
            return err_set(err, STATUS_MALFORMED, "a key is not known, or comes too often");
        if (!rows[key].keep(&launch, bytes_slice(one, equals + 1, one.size)))
            return err_set(err, STATUS_INVALID_ARGUMENT, "%s must be %s", rows[key].name, rows[key].kind);
        block = bytes_slice(block, one.size + 1, block.size);
    }
    if (!launch.image)
        return err_set(err, STATUS_MALFORMED, "no image");
    *ret_launch = launch;
    return STATUS_OK;
}

/* --- texts --- */

bool container_memory_parse(struct bytes text, uint64_t *ret_bytes)
{
    struct bytes unit = text.size > 2 ? bytes_slice(text, text.size - 2, 2) : (struct bytes){0};
    uint64_t factor = 0;
    uint64_t whole = 0;
    uint64_t part = 0;
    if (bytes_equal_cstr(unit, "Gi"))
        factor = (uint64_t)1 << 30;
    if (bytes_equal_cstr(unit, "Mi"))
        factor = (uint64_t)1 << 20;
    if (!factor)
        return false;

    struct bytes number = bytes_slice(text, 0, text.size - 2);
    size_t dot = bytes_find(number, BYTES_LITERAL("."));
    struct bytes fraction = bytes_slice(number, dot + 1, SIZE_MAX);
    bool good = is_number(bytes_slice(number, 0, dot), 0, MEMORY_BOUND >> 20, &whole);
    if (good && dot < number.size)
        good = fraction.size <= 6 && is_number(fraction, 0, 999999, &part);
    uint64_t scale = 1;
    for (size_t i = 0; i < fraction.size; i++)
        scale *= 10;
    *ret_bytes = good ? whole * factor + part * factor / scale : 0;
    return good && *ret_bytes > 0 && *ret_bytes <= MEMORY_BOUND;
}

/* The size of "HOST:PORT" at the start of `text` if it names that port of loopback; else 0. */
static size_t names_port_here(struct bytes text, uint16_t port)
{
    static const char *const hosts[] = {"localhost", "127.0.0.1"};
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        char name[24];
        int size = snprintf(name, sizeof name, "%s:%u", hosts[i], (unsigned)port);
        if (!bytes_starts_with(text, bytes_of(name, (size_t)size)))
            continue;
        bool longer = (size_t)size < text.size && text.data[size] >= '0' && text.data[size] <= '9';
        if (!longer)
            return (size_t)size;
    }
    return 0;
}

bool container_names_port(struct bytes text, uint16_t port)
{
    for (size_t at = 0; at < text.size; at++)
        if (names_port_here(bytes_slice(text, at, SIZE_MAX), port))
            return true;
    return false;
}

void container_rename_port(struct buf *out, struct bytes text, uint16_t from, uint16_t to)
{
    while (text.size > 0) {
        size_t size = names_port_here(text, from);
        if (size > 0) {
            struct bytes host = bytes_slice(text, 0, bytes_find(text, BYTES_LITERAL(":")));
            buf_append_bytes(out, host);
            buf_append_fmt(out, ":%u", (unsigned)to);
        } else {
            buf_append_byte(out, text.data[0]);
            size = 1;
        }
        text = bytes_slice(text, size, SIZE_MAX);
    }
}
