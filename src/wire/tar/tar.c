/* SPDX-License-Identifier: MIT */
/* tar.c — blocks of 512 bytes: a header, the bytes of a file, zeros to the next block. */
#include "wire/tar/tar.h"

#include <stdio.h>

#define PAX_PREFIX " path="

/* A header, byte for byte. */
struct tar_header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char link[100];
    char magic[6]; /* "ustar" */
    char version[2];
    char user[32];
    char group[32];
    char device_major[8];
    char device_minor[8];
    char prefix[155];
    char rest[12];
};

_Static_assert(sizeof(struct tar_header) == TAR_BLOCK_SIZE, "a header is a block");

static bool is_step(struct bytes step)
{
    return step.size > 0 && !bytes_equal_cstr(step, ".") && !bytes_equal_cstr(step, "..");
}

bool tar_path_fits(struct bytes path)
{
    if (path.size == 0 || path.size > TAR_PATH_SIZE_MAX || path.data[path.size - 1] == '/' ||
        !bytes_utf8_valid(path))
        return false;
    for (size_t i = 0; i < path.size; i++)
        if (path.data[i] < 0x20 || path.data[i] == 0x7f || path.data[i] == '\\')
            return false;
    while (path.data && path.size > 0)
        if (!is_step(bytes_split(&path, '/')))
            return false;
    return true;
}

/* --- writing --- */

static unsigned checksum_of(const struct tar_header *header)
{
    const uint8_t *at = (const uint8_t *)header;
    size_t begin = offsetof(struct tar_header, checksum);
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof *header; i++)
        sum += i >= begin && i < begin + sizeof header->checksum ? ' ' : at[i];
    return sum;
}

static void append_block(struct buf *out, struct bytes name, char type, uint64_t size, int64_t unix_s)
{
    struct tar_header header = {
        .mode = "0000600", .uid = "0000000", .gid = "0000000", .type = type, .version = {'0', '0'}};
    memcpy(header.magic, "ustar", sizeof header.magic);
    memcpy(header.name, name.data, MIN(name.size, sizeof header.name));
    (void)snprintf(header.size, sizeof header.size, "%011llo", (unsigned long long)size);
    (void)snprintf(header.mtime, sizeof header.mtime, "%011llo",
                   (unsigned long long)MAX(unix_s, 0) & 077777777777ULL);
    (void)snprintf(header.checksum, sizeof header.checksum, "%06o", checksum_of(&header));
    header.checksum[7] = ' ';
    buf_append(out, &header, sizeof header);
}

static bool fits_in_header(struct bytes path)
{
    for (size_t i = 0; i < path.size; i++)
        if (path.data[i] >= 0x80)
            return false;
    return path.size <= sizeof((struct tar_header *)NULL)->name;
}

static size_t digits_of(size_t number)
{
    size_t digits = 1;
    for (; number >= 10; number /= 10)
        digits++;
    return digits;
}

/* "LENGTH path=PATH\n", where the length counts itself. */
static void append_pax_path(struct buf *out, struct bytes path, int64_t unix_s)
{
    size_t rest = strlen(PAX_PREFIX) + path.size + 1, size = rest + 1;
    while (rest + digits_of(size) != size)
        size++;
    append_block(out, BYTES_LITERAL("path"), 'x', size, unix_s);
    buf_append_fmt(out, "%zu%s%.*s\n", size, PAX_PREFIX, BYTES_FMT(path));
    tar_append_padding(out, size);
}

enum status tar_append_header(struct buf *out, struct bytes path, uint64_t size, int64_t unix_s,
                              struct err *err)
{
    if (!tar_path_fits(path))
        return err_set(err, STATUS_INVALID_ARGUMENT, "a path cannot be in an archive");
    if (size > TAR_FILE_SIZE_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "a file is too large for an archive");
    bool fits = fits_in_header(path);
    if (!fits)
        append_pax_path(out, path, unix_s);
    append_block(out, fits ? path : BYTES_LITERAL("long"), '0', size, unix_s);
    return buf_status(out) == STATUS_OK ? STATUS_OK : err_no_memory(err);
}

static uint64_t padding_of(uint64_t size)
{
    return (TAR_BLOCK_SIZE - size % TAR_BLOCK_SIZE) % TAR_BLOCK_SIZE;
}

void tar_append_padding(struct buf *out, uint64_t size)
{
    static const uint8_t zeros[TAR_BLOCK_SIZE];
    buf_append(out, zeros, (size_t)padding_of(size));
}

void tar_append_end(struct buf *out)
{
    static const uint8_t zeros[2 * TAR_BLOCK_SIZE];
    buf_append(out, zeros, sizeof zeros);
}

/* --- reading --- */

static enum status refuse(struct err *err, const char *why)
{
    return err_set(err, STATUS_INVALID_ARGUMENT, "this is no archive of a request: %s", why);
}

/* Octal digits up to a NUL or a blank. */
static bool parse_octal(const char *digits, size_t size, uint64_t *ret_value)
{
    size_t i = 0;
    *ret_value = 0;
    for (; i < size && digits[i] >= '0' && digits[i] <= '7'; i++)
        *ret_value = *ret_value << 3 | (uint64_t)(digits[i] - '0');
    return i > 0 && i < size && (digits[i] == '\0' || digits[i] == ' ');
}

static bool is_zero(const uint8_t block[TAR_BLOCK_SIZE])
{
    for (size_t i = 0; i < TAR_BLOCK_SIZE; i++)
        if (block[i])
            return false;
    return true;
}

static enum status begin_file(struct tar_reader *reader, const struct tar_header *header, uint64_t size,
                              struct err *err)
{
    struct bytes path = bytes_of_cstr(reader->path);
    if (path.size == 0)
        path = bytes_of(header->name, strnlen(header->name, sizeof header->name));
    if (!tar_path_fits(path))
        return refuse(err, "a path leads out of it");
    enum status status = reader->sink->on_file(reader->context, path, size, err);
    reader->path[0] = '\0';
    if (status == STATUS_OK && size == 0)
        status = reader->sink->on_file_end(reader->context, err);
    return status;
}

static enum status take_header(struct tar_reader *reader, struct err *err)
{
    struct tar_header header;
    uint64_t size, checksum;
    memcpy(&header, reader->block, sizeof header);
    reader->filled = 0;
    if (is_zero(reader->block)) {
        reader->zeros++;
        return STATUS_OK;
    }
    if (reader->zeros > 0)
        return refuse(err, "something stands behind its end");
    if (memcmp(header.magic, "ustar", 5) != 0 || header.prefix[0] ||
        !parse_octal(header.size, sizeof header.size, &size) ||
        !parse_octal(header.checksum, sizeof header.checksum, &checksum) ||
        checksum != checksum_of(&header) || header.checksum[7] != ' ')
        return refuse(err, "a header is damaged");

    reader->left = size;
    reader->padding = padding_of(size);
    reader->in_record = header.type == 'x';
    if (header.type == '0')
        return begin_file(reader, &header, size, err);
    if (header.type != 'x' || reader->path[0] || size == 0 || size > sizeof reader->record)
        return refuse(err, "it holds something else than files");
    reader->record_size = 0;
    return STATUS_OK;
}

/* "LENGTH path=PATH\n", and nothing else. */
static enum status take_record(struct tar_reader *reader, struct err *err)
{
    struct bytes record = bytes_of(reader->record, reader->record_size), rest = record;
    uint64_t size;
    bool good = bytes_parse_u64(bytes_split(&rest, ' '), &size) == STATUS_OK && size == record.size &&
                bytes_starts_with(rest, BYTES_LITERAL("path=")) && rest.data[rest.size - 1] == '\n';
    struct bytes path =
        good ? bytes_slice(rest, strlen("path="), rest.size - strlen("path=") - 1) : (struct bytes){0};
    if (!tar_path_fits(path))
        return refuse(err, "a long path is damaged, or leads out of it");
    memcpy(reader->path, path.data, path.size);
    reader->path[path.size] = '\0';
    reader->in_record = false;
    return STATUS_OK;
}

/* Bytes of a file or of a pax header; how many of them were taken. */
static enum status take_content(struct tar_reader *reader, struct bytes bytes, size_t *ret_taken,
                                struct err *err)
{
    struct bytes part = bytes_slice(bytes, 0, (size_t)MIN(reader->left, (uint64_t)bytes.size));
    enum status status = STATUS_OK;
    *ret_taken = part.size;
    reader->left -= part.size;
    if (!reader->in_record) {
        status = reader->sink->on_data(reader->context, part, err);
        return status == STATUS_OK && reader->left == 0 ? reader->sink->on_file_end(reader->context, err)
                                                        : status;
    }
    memcpy(reader->record + reader->record_size, part.data, part.size);
    reader->record_size += part.size;
    return reader->left == 0 ? take_record(reader, err) : STATUS_OK;
}

static enum status take_padding(struct tar_reader *reader, struct bytes bytes, size_t *ret_taken,
                                struct err *err)
{
    *ret_taken = (size_t)MIN(reader->padding, (uint64_t)bytes.size);
    reader->padding -= *ret_taken;
    for (size_t i = 0; i < *ret_taken; i++)
        if (bytes.data[i])
            return refuse(err, "a file is longer than it says");
    return STATUS_OK;
}

enum status tar_reader_take(struct tar_reader *reader, struct bytes bytes, struct err *err)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && bytes.size > 0) {
        size_t taken = 0;
        if (reader->left > 0) {
            status = take_content(reader, bytes, &taken, err);
        } else if (reader->padding > 0) {
            status = take_padding(reader, bytes, &taken, err);
        } else {
            taken = MIN(TAR_BLOCK_SIZE - reader->filled, bytes.size);
            memcpy(reader->block + reader->filled, bytes.data, taken);
            reader->filled += taken;
            if (reader->filled == TAR_BLOCK_SIZE)
                status = take_header(reader, err);
        }
        bytes = bytes_slice(bytes, taken, SIZE_MAX);
    }
    return status;
}

enum status tar_reader_end(const struct tar_reader *reader, struct err *err)
{
    bool whole = reader->zeros >= 2 && reader->left == 0 && reader->padding == 0 && reader->filled == 0;
    return whole ? STATUS_OK : refuse(err, "it ends too early");
}
