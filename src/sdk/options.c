/* SPDX-License-Identifier: MIT */
/* options.c — connection strings: spec/durable-task-protocol.md section 2.1; who decides about TLS: 2.2 (here: the
 * scheme). */
#include "sdk/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/text.h"
#include "wire/connection_string.h"

#define MS_MAX                     (INT64_MAX / NS_PER_MS)
#define CONNECT_TIMEOUT_MS_DEFAULT 10000
#define CALL_TIMEOUT_MS_DEFAULT    30000
#define MESSAGE_SIZE_MAX_DEFAULT   ((size_t)64 << 20) /* bytes */
#define TOKEN_RESOURCE_DEFAULT     "https://durabletask.io/.default"
#define UTF8_SIZE_MAX              4    /* bytes of one character */
#define LOG_LINE_SIZE              1001 /* bytes, NUL included */

bool sdk_options_copy(void *ret_options, size_t own_size, const void *given)
{
    size_t given_size;
    memcpy(&given_size, given, sizeof given_size);
    if (given_size < sizeof given_size)
        return false;
    memset(ret_options, 0, own_size);
    memcpy(ret_options, given, MIN(own_size, given_size));
    return true;
}

static char *copy_text(struct bytes text)
{
    char *copy = malloc(text.size + 1);
    if (!copy)
        return NULL;
    if (text.size)
        memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    return copy;
}

static bool printable(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f)
            return false;
    return true;
}

/* Splits off the scheme; https if there is none. */
static STATUS_RESULT parse_scheme(struct bytes *url, bool *ret_tls, struct err *err)
{
    size_t end = bytes_find(*url, BYTES_LITERAL("://"));
    *ret_tls = true;
    if (end == url->size)
        return STATUS_OK;
    struct bytes scheme = bytes_slice(*url, 0, end);
    if (bytes_equal_nocase(scheme, BYTES_LITERAL("http")) ||
        bytes_equal_nocase(scheme, BYTES_LITERAL("grpc")))
        *ret_tls = false;
    else if (!bytes_equal_nocase(scheme, BYTES_LITERAL("https")) &&
             !bytes_equal_nocase(scheme, BYTES_LITERAL("grpcs")))
        return err_set(err, STATUS_INVALID_ARGUMENT, "endpoint: the scheme is neither http nor https");
    *url = bytes_slice(*url, end + 3, SIZE_MAX);
    return STATUS_OK;
}

static STATUS_RESULT parse_port(struct bytes port, struct err *err)
{
    uint64_t number;
    if (bytes_parse_u64(port, &number) != STATUS_OK || number == 0 || number > 65535)
        return err_set(err, STATUS_INVALID_ARGUMENT, "endpoint: the port is not 1..65535");
    return STATUS_OK;
}

/* Splits `host[:port]` or `[address][:port]`; data of the port is NULL if there is none. */
static STATUS_RESULT split_authority(struct bytes authority, struct bytes *ret_host, struct bytes *ret_port,
                                     struct err *err)
{
    bool bracketed = authority.size && authority.data[0] == '[';
    size_t host_end = bytes_find(authority, bracketed ? BYTES_LITERAL("]") : BYTES_LITERAL(":"));
    if (bracketed && host_end == authority.size)
        return err_set(err, STATUS_INVALID_ARGUMENT, "endpoint: the address is not closed by ']'");
    struct bytes tail = bytes_slice(authority, host_end + bracketed, SIZE_MAX);
    if (tail.size && tail.data[0] != ':')
        return err_set(err, STATUS_INVALID_ARGUMENT, "endpoint: only a port may follow ']'");
    *ret_host = bytes_slice(authority, bracketed, host_end - bracketed);
    *ret_port = tail.size ? bytes_slice(tail, 1, SIZE_MAX) : (struct bytes){0};
    if (!ret_host->size || ret_host->size > SDK_HOST_SIZE_MAX)
        return err_set(err, STATUS_INVALID_ARGUMENT, "endpoint: the host is empty or too long");
    return STATUS_OK;
}

static STATUS_RESULT parse_endpoint(struct sdk_target *target, struct bytes url, struct err *err)
{
    enum status status = parse_scheme(&url, &target->tls, err);
    if (status != STATUS_OK)
        return status;
    struct bytes authority = bytes_slice(url, 0, bytes_find(url, BYTES_LITERAL("/")));
    if (url.size > authority.size + 1)
        return err_set(err, STATUS_INVALID_ARGUMENT, "endpoint: a path is not allowed");
    if (!printable(authority) || bytes_find(authority, BYTES_LITERAL("@")) < authority.size)
        return err_set(err, STATUS_INVALID_ARGUMENT, "endpoint: not a host name with an optional port");
    struct bytes host = {0};
    struct bytes port = {0};
    status = split_authority(authority, &host, &port, err);
    if (status == STATUS_OK && port.data)
        status = parse_port(port, err);
    if (status != STATUS_OK)
        return status;
    if (!port.data)
        port = target->tls ? BYTES_LITERAL("443") : BYTES_LITERAL("80");
    target->host = copy_text(host);
    target->port = copy_text(port);
    target->authority = copy_text(authority);
    if (!target->host || !target->port || !target->authority)
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    return STATUS_OK;
}

bool sdk_task_hub_usable(struct bytes name)
{
    return name.size > 0 && name.size <= SDK_TASK_HUB_SIZE_MAX && printable(name);
}

static STATUS_RESULT take_identity(struct sdk_target *target, const struct connection_string *parts,
                                   struct err *err)
{
    if (!parts->task_hub.size)
        return err_set(err, STATUS_INVALID_ARGUMENT, "no TaskHub is given");
    if (!sdk_task_hub_usable(parts->task_hub))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "TaskHub: not printable ASCII without blanks, or too long");
    struct bytes authentication = parts->authentication.size ? parts->authentication : BYTES_LITERAL("None");
    if (!target->provider.give && !bytes_equal_nocase(authentication, BYTES_LITERAL("None")))
        return err_set(err, STATUS_INVALID_ARGUMENT,
                       "Authentication=%.*s needs a token callback, or a credential of libdurabletask-azure",
                       BYTES_FMT(bytes_slice(authentication, 0, 64)));
    target->task_hub = copy_text(parts->task_hub);
    target->authentication = copy_text(authentication);
    if (!target->task_hub || !target->authentication)
        return err_set(err, STATUS_NO_MEMORY, "no memory");
    return STATUS_OK;
}

static int64_t ns_of_ms(int64_t ms, int64_t when_zero)
{
    if (ms <= 0)
        ms = when_zero;
    return MIN(ms, MS_MAX) * NS_PER_MS;
}

/* A provider counts before a plain callback; of a structure of any version. */
static STATUS_RESULT take_provider(struct sdk_target *target, const struct dt_connect_options *options,
                                   struct err *err)
{
    target->provider.give = options->token;
    target->provider.context = options->token_context;
    if (!options->token_provider)
        return STATUS_OK;
    if (!sdk_options_copy(&target->provider, sizeof target->provider, options->token_provider) ||
        !target->provider.give)
        return err_set(err, STATUS_INVALID_ARGUMENT, "token_provider: `size` or `give` is not set");
    return STATUS_OK;
}

static STATUS_RESULT take_file(const char *given, char **ret_copy, struct err *err)
{
    *ret_copy = given ? copy_text(bytes_of_cstr(given)) : NULL;
    if (!given || *ret_copy)
        return STATUS_OK;
    return err_set(err, STATUS_NO_MEMORY, "no memory");
}

static STATUS_RESULT take_files(struct sdk_target *target, const struct dt_connect_options *options,
                                struct err *err)
{
    if (!options->certificate_file != !options->key_file)
        return err_set(err, STATUS_INVALID_ARGUMENT, "certificate_file and key_file: one without the other");
    const char *resource = options->token_resource ? options->token_resource : TOKEN_RESOURCE_DEFAULT;
    enum status status = take_file(resource, &target->token_resource, err);
    if (status == STATUS_OK)
        status = take_file(options->ca_file, &target->ca_file, err);
    if (status == STATUS_OK)
        status = take_file(options->certificate_file, &target->certificate_file, err);
    if (status == STATUS_OK)
        status = take_file(options->key_file, &target->key_file, err);
    return status;
}

static STATUS_RESULT fill(struct sdk_target *target, const struct dt_connect_options *options,
                          struct err *err)
{
    struct connection_string parts = {0};
    if (options->connection_string) {
        enum status status = connection_string_parse(bytes_of_cstr(options->connection_string), &parts, err);
        if (status != STATUS_OK)
            return status;
    }
    if (options->endpoint)
        parts.endpoint = bytes_trim(bytes_of_cstr(options->endpoint));
    if (options->task_hub)
        parts.task_hub = bytes_trim(bytes_of_cstr(options->task_hub));
    if (!parts.endpoint.size)
        return err_set(err, STATUS_INVALID_ARGUMENT, "no Endpoint is given");
    enum status status = take_provider(target, options, err);
    if (status == STATUS_OK)
        status = parse_endpoint(target, parts.endpoint, err);
    if (status == STATUS_OK)
        status = take_identity(target, &parts, err);
    if (status != STATUS_OK)
        return status;
    status = take_files(target, options, err);
    if (status != STATUS_OK)
        return status;
    target->connect_timeout_ns = ns_of_ms(options->connect_timeout_ms, CONNECT_TIMEOUT_MS_DEFAULT);
    target->call_timeout_ns = ns_of_ms(options->call_timeout_ms, CALL_TIMEOUT_MS_DEFAULT);
    target->retry_first_ns = ns_of_ms(options->retry_first_ms, 0);
    target->retry_max_ns = ns_of_ms(options->retry_max_ms, 0);
    target->message_size_max =
        options->message_size_max ? options->message_size_max : MESSAGE_SIZE_MAX_DEFAULT;
    target->log = options->log;
    target->log_context = options->log_context;
    target->log_level = options->log_level;
    return STATUS_OK;
}

enum status sdk_target_init(struct sdk_target *ret_target, const struct dt_connect_options *given,
                            struct err *err)
{
    struct dt_connect_options options;
    if (!given || !sdk_options_copy(&options, sizeof options, given))
        return err_set(err, STATUS_INVALID_ARGUMENT, "connect options: NULL, or `size` is not set");
    struct sdk_target target = {0};
    enum status status = fill(&target, &options, err);
    if (status != STATUS_OK)
        sdk_target_fini(&target);
    else
        *ret_target = target;
    return status;
}

void sdk_target_fini(struct sdk_target *target)
{
    free(target->host);
    free(target->port);
    free(target->authority);
    free(target->task_hub);
    free(target->authentication);
    free(target->ca_file);
    free(target->certificate_file);
    free(target->key_file);
    free(target->token_resource);
    memset(target, 0, sizeof *target);
}

void sdk_log(const struct sdk_target *target, enum dt_log_level level, const char *fmt, ...)
{
    if (!target->log || level < target->log_level)
        return;
    char line[LOG_LINE_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(line, sizeof line, fmt, arguments);
    va_end(arguments);
    target->log(level, line, target->log_context);
}

enum dt_status sdk_status(enum status status)
{
    if (status == STATUS_NO_MEMORY)
        return DT_NO_MEMORY;
    if (status == STATUS_MALFORMED || status == STATUS_TRUNCATED)
        return DT_INTERNAL; /* the service's bytes, for ours are checked before they are sent */
    return (enum dt_status)status_grpc(status);
}

void sdk_error_text(struct dt_error *error, const char *text)
{
    struct bytes line = bytes_slice(bytes_of_cstr(text), 0, sizeof error->text - 1);
    bool full = line.size == sizeof error->text - 1; /* perhaps cut, here or before, within a character */
    for (int i = 0; full && i < UTF8_SIZE_MAX - 1 && !bytes_utf8_valid(line); i++)
        line.size--;

    for (size_t i = 0; i < line.size; i++) {
        uint8_t byte = line.data[i];
        bool control = byte < 0x20 || byte == 0x7f;
        error->text[i] = control ? ' ' : (char)byte;
    }
    error->text[line.size] = '\0';
}

enum dt_status sdk_report(enum status status, const struct err *err, struct dt_error *ret_error)
{
    if (ret_error && status != STATUS_OK) {
        ret_error->status = sdk_status(status);
        sdk_error_text(ret_error, err && err->text[0] ? err->text : status_name(status));
    }
    return sdk_status(status);
}
