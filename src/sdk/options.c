/* SPDX-License-Identifier: MIT */
/* Connection strings: spec/durable-task-protocol.md section 2.1; who decides about TLS: 2.2 (here: the
 * scheme). */
#include "sdk/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/text.h"

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

/* What a connection string may say; views into it. data NULL: not said. */
struct parts {
    struct bytes endpoint;
    struct bytes task_hub;
    struct bytes authentication;
};

static STATUS_RESULT set_part(struct bytes *part, struct bytes value, const char *name, struct err *e)
{
    if (part->data)
        return err_set(e, STATUS_INVALID_ARGUMENT, "connection string: %s is given twice", name);
    if (!value.size)
        return err_set(e, STATUS_INVALID_ARGUMENT, "connection string: %s is empty", name);
    *part = value;
    return STATUS_OK;
}

static STATUS_RESULT parse_pair(struct parts *p, struct bytes pair, bool first, struct err *e)
{
    struct bytes scheme = BYTES_LITERAL("://");
    size_t equals = bytes_find(pair, BYTES_LITERAL("="));
    bool has_equals = equals < pair.size;
    /* `https://host/?a=b` as the first part is a URL, not a key: a key holds no "://". */
    bool bare = !has_equals || bytes_find(bytes_slice(pair, 0, equals), scheme) < equals;
    if (bare && first)
        return set_part(&p->endpoint, pair, "Endpoint", e);
    if (bare)
        return err_set(e, STATUS_INVALID_ARGUMENT, "connection string: a part without '='");
    struct bytes key = bytes_trim(bytes_slice(pair, 0, equals));
    struct bytes value = bytes_trim(bytes_slice(pair, equals + 1, SIZE_MAX));
    if (!key.size)
        return err_set(e, STATUS_INVALID_ARGUMENT, "connection string: a part without a key");
    if (bytes_equal_nocase(key, BYTES_LITERAL("Endpoint")))
        return set_part(&p->endpoint, value, "Endpoint", e);
    if (bytes_equal_nocase(key, BYTES_LITERAL("TaskHub")))
        return set_part(&p->task_hub, value, "TaskHub", e);
    if (bytes_equal_nocase(key, BYTES_LITERAL("Authentication")))
        return set_part(&p->authentication, value, "Authentication", e);
    return STATUS_OK; /* ClientID, TenantId and others configure credentials that the token callback replaces
                       */
}

static STATUS_RESULT parse_connection_string(struct parts *p, const char *text, struct err *e)
{
    struct bytes rest = bytes_of_cstr(text);
    if (rest.size > SDK_CONNECTION_STRING_SIZE_MAX)
        return err_set(e, STATUS_INVALID_ARGUMENT, "connection string: more than %d bytes",
                       SDK_CONNECTION_STRING_SIZE_MAX);
    bool first = true;
    while (rest.size) {
        struct bytes pair = bytes_trim(bytes_split(&rest, ';'));
        if (!pair.size)
            continue;
        enum status s = parse_pair(p, pair, first, e);
        if (s != STATUS_OK)
            return s;
        first = false;
    }
    return STATUS_OK;
}

static bool printable(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7f)
            return false;
    return true;
}

/* Splits off the scheme; https if there is none. */
static STATUS_RESULT parse_scheme(struct bytes *url, bool *ret_tls, struct err *e)
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
        return err_set(e, STATUS_INVALID_ARGUMENT, "endpoint: the scheme is neither http nor https");
    *url = bytes_slice(*url, end + 3, SIZE_MAX);
    return STATUS_OK;
}

static STATUS_RESULT parse_port(struct bytes port, struct err *e)
{
    uint64_t number;
    if (bytes_parse_u64(port, &number) != STATUS_OK || number == 0 || number > 65535)
        return err_set(e, STATUS_INVALID_ARGUMENT, "endpoint: the port is not 1..65535");
    return STATUS_OK;
}

/* Splits `host[:port]` or `[address][:port]`; data of the port is NULL if there is none. */
static STATUS_RESULT split_authority(struct bytes authority, struct bytes *ret_host, struct bytes *ret_port,
                                     struct err *e)
{
    bool bracketed = authority.size && authority.data[0] == '[';
    size_t host_end = bytes_find(authority, bracketed ? BYTES_LITERAL("]") : BYTES_LITERAL(":"));
    if (bracketed && host_end == authority.size)
        return err_set(e, STATUS_INVALID_ARGUMENT, "endpoint: the address is not closed by ']'");
    struct bytes tail = bytes_slice(authority, host_end + bracketed, SIZE_MAX);
    if (tail.size && tail.data[0] != ':')
        return err_set(e, STATUS_INVALID_ARGUMENT, "endpoint: only a port may follow ']'");
    *ret_host = bytes_slice(authority, bracketed, host_end - bracketed);
    *ret_port = tail.size ? bytes_slice(tail, 1, SIZE_MAX) : (struct bytes){0};
    if (!ret_host->size || ret_host->size > SDK_HOST_SIZE_MAX)
        return err_set(e, STATUS_INVALID_ARGUMENT, "endpoint: the host is empty or too long");
    return STATUS_OK;
}

static STATUS_RESULT parse_endpoint(struct sdk_target *t, struct bytes url, struct err *e)
{
    enum status s = parse_scheme(&url, &t->tls, e);
    if (s != STATUS_OK)
        return s;
    struct bytes authority = bytes_slice(url, 0, bytes_find(url, BYTES_LITERAL("/")));
    if (url.size > authority.size + 1)
        return err_set(e, STATUS_INVALID_ARGUMENT, "endpoint: a path is not allowed");
    if (!printable(authority) || bytes_find(authority, BYTES_LITERAL("@")) < authority.size)
        return err_set(e, STATUS_INVALID_ARGUMENT, "endpoint: not a host name with an optional port");
    struct bytes host = {NULL, 0};
    struct bytes port = {NULL, 0};
    s = split_authority(authority, &host, &port, e);
    if (s == STATUS_OK && port.data)
        s = parse_port(port, e);
    if (s != STATUS_OK)
        return s;
    if (!port.data)
        port = t->tls ? BYTES_LITERAL("443") : BYTES_LITERAL("80");
    t->host = copy_text(host);
    t->port = copy_text(port);
    t->authority = copy_text(authority);
    if (!t->host || !t->port || !t->authority)
        return err_set(e, STATUS_NO_MEMORY, "no memory");
    return STATUS_OK;
}

static STATUS_RESULT take_identity(struct sdk_target *t, const struct parts *p, struct err *e)
{
    if (!p->task_hub.size)
        return err_set(e, STATUS_INVALID_ARGUMENT, "no TaskHub is given");
    if (p->task_hub.size > SDK_TASK_HUB_SIZE_MAX || !printable(p->task_hub))
        return err_set(e, STATUS_INVALID_ARGUMENT,
                       "TaskHub: not printable ASCII without blanks, or too long");
    struct bytes authentication = p->authentication.size ? p->authentication : BYTES_LITERAL("None");
    if (!t->token && !bytes_equal_nocase(authentication, BYTES_LITERAL("None")))
        return err_set(e, STATUS_INVALID_ARGUMENT, "Authentication=%.*s needs a token callback",
                       BYTES_FMT(bytes_slice(authentication, 0, 64)));
    t->task_hub = copy_text(p->task_hub);
    t->authentication = copy_text(authentication);
    if (!t->task_hub || !t->authentication)
        return err_set(e, STATUS_NO_MEMORY, "no memory");
    return STATUS_OK;
}

static int64_t ns_of_ms(int64_t ms, int64_t when_zero)
{
    if (ms <= 0)
        ms = when_zero;
    return MIN(ms, MS_MAX) * NS_PER_MS;
}

static STATUS_RESULT fill(struct sdk_target *t, const struct dt_connect_options *o, struct err *e)
{
    struct parts p = {0};
    if (o->connection_string) {
        enum status s = parse_connection_string(&p, o->connection_string, e);
        if (s != STATUS_OK)
            return s;
    }
    if (o->endpoint)
        p.endpoint = bytes_trim(bytes_of_cstr(o->endpoint));
    if (o->task_hub)
        p.task_hub = bytes_trim(bytes_of_cstr(o->task_hub));
    if (!p.endpoint.size)
        return err_set(e, STATUS_INVALID_ARGUMENT, "no Endpoint is given");
    t->token = o->token;
    t->token_context = o->token_context;
    enum status s = parse_endpoint(t, p.endpoint, e);
    if (s == STATUS_OK)
        s = take_identity(t, &p, e);
    if (s != STATUS_OK)
        return s;
    t->token_resource =
        copy_text(bytes_of_cstr(o->token_resource ? o->token_resource : TOKEN_RESOURCE_DEFAULT));
    t->ca_file = o->ca_file ? copy_text(bytes_of_cstr(o->ca_file)) : NULL;
    if (!t->token_resource || (o->ca_file && !t->ca_file))
        return err_set(e, STATUS_NO_MEMORY, "no memory");
    t->connect_timeout_ns = ns_of_ms(o->connect_timeout_ms, CONNECT_TIMEOUT_MS_DEFAULT);
    t->call_timeout_ns = ns_of_ms(o->call_timeout_ms, CALL_TIMEOUT_MS_DEFAULT);
    t->retry_first_ns = ns_of_ms(o->retry_first_ms, 0);
    t->retry_max_ns = ns_of_ms(o->retry_max_ms, 0);
    t->message_size_max = o->message_size_max ? o->message_size_max : MESSAGE_SIZE_MAX_DEFAULT;
    t->log = o->log;
    t->log_context = o->log_context;
    t->log_level = o->log_level;
    return STATUS_OK;
}

STATUS_RESULT sdk_target_init(struct sdk_target *ret_target, const struct dt_connect_options *given,
                              struct err *e)
{
    struct dt_connect_options o;
    if (!given || !sdk_options_copy(&o, sizeof o, given))
        return err_set(e, STATUS_INVALID_ARGUMENT, "connect options: NULL, or `size` is not set");
    struct sdk_target t = {0};
    enum status s = fill(&t, &o, e);
    if (s != STATUS_OK)
        sdk_target_fini(&t);
    else
        *ret_target = t;
    return s;
}

void sdk_target_fini(struct sdk_target *t)
{
    free(t->host);
    free(t->port);
    free(t->authority);
    free(t->task_hub);
    free(t->authentication);
    free(t->ca_file);
    free(t->token_resource);
    memset(t, 0, sizeof *t);
}

void sdk_log(const struct sdk_target *t, enum dt_log_level level, const char *fmt, ...)
{
    if (!t->log || level < t->log_level)
        return;
    char line[LOG_LINE_SIZE];
    va_list arguments;
    va_start(arguments, fmt);
    vsnprintf(line, sizeof line, fmt, arguments);
    va_end(arguments);
    t->log(level, line, t->log_context);
}

enum dt_status sdk_status(enum status s)
{
    if (s == STATUS_NO_MEMORY)
        return DT_NO_MEMORY;
    if (s == STATUS_MALFORMED || s == STATUS_TRUNCATED)
        return DT_INTERNAL; /* the service's bytes, for ours are checked before they are sent */
    return (enum dt_status)status_grpc(s);
}

void sdk_error_text(struct dt_error *e, const char *text)
{
    struct bytes line = bytes_slice(bytes_of_cstr(text), 0, sizeof e->text - 1);
    if (line.size == sizeof e->text - 1) /* perhaps cut, here or before, and then within a character */
        for (int i = 0; i < UTF8_SIZE_MAX - 1 && !bytes_utf8_valid(line); i++)
            line.size--;
    for (size_t i = 0; i < line.size; i++)
        e->text[i] = (char)(line.data[i] < 0x20 || line.data[i] == 0x7f ? ' ' : line.data[i]);
    e->text[line.size] = '\0';
}

enum dt_status sdk_report(enum status s, const struct err *e, struct dt_error *ret_error)
{
    if (ret_error && s != STATUS_OK) {
        ret_error->status = sdk_status(s);
        sdk_error_text(ret_error, e && e->text[0] ? e->text : status_name(s));
    }
    return sdk_status(s);
}
