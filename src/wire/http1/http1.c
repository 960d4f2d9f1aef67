/* SPDX-License-Identifier: MIT */
/* http1.c — message heads, line by line. A line is searched for its CRLF from where the last search ended, so
 * a byte-at-a-time peer costs linear work; a bare LF or CR is refused when it is seen, not when the head
 * ends. */
#include "wire/http1/http1.h"

#include "base/text.h"
#include "wire/limit_values.h"

static enum status fault(struct http1_head *head, int http_status, const char *text)
{
    head->fault = (struct http1_fault){http_status, text};
    return STATUS_MALFORMED;
}

static bool is_token_byte(uint8_t byte)
{
    return ascii_alnum(byte) || (byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Everything but control characters; the tab is none here (RFC 9110 section 5.5). */
static bool is_value_byte(uint8_t byte)
{
    return (byte >= 0x20 && byte != 0x7f) || byte == '\t';
}

bool http1_token_valid(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (!is_token_byte(bytes.data[i]))
            return false;
    return bytes.size > 0;
}

bool http1_value_valid(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (!is_value_byte(bytes.data[i]))
            return false;
    return true;
}

struct bytes http1_list_next(struct bytes *rest)
{
    while (rest->size) {
        struct bytes item = bytes_trim(bytes_split(rest, ','));
        if (item.size)
            return item;
    }
    return (struct bytes){0};
}

static void init(struct http1_head *head, struct http1_field *fields, size_t field_max,
                 const struct http1_limits *limits, bool is_response)
{
    *head = (struct http1_head){
        .fields = fields, .field_max = field_max, .limits = *limits, .is_response = is_response};
    head->limits.head_size_max = MIN(head->limits.head_size_max, (size_t)UINT32_MAX);
}

void http1_head_init(struct http1_head *head, struct http1_field *fields, size_t field_max,
                     const struct http1_limits *limits)
{
    init(head, fields, field_max, limits, false);
}

void http1_response_head_init(struct http1_head *head, struct http1_field *fields, size_t field_max,
                              const struct http1_limits *limits)
{
    init(head, fields, field_max, limits, true);
}

static struct http1_span span_of(struct bytes all, struct bytes part)
{
    if (!part.data)
        return (struct http1_span){0};
    return (struct http1_span){(uint32_t)(part.data - all.data), (uint32_t)part.size};
}

struct bytes http1_head_field(const struct http1_head *head, struct bytes bytes, struct bytes name)
{
    for (size_t i = 0; i < head->field_count; i++)
        if (bytes_equal_nocase(http1_span_bytes(bytes, head->fields[i].name), name))
            return http1_span_bytes(bytes, head->fields[i].value);
    return (struct bytes){0};
}

/* --- the first line --- */

/* One byte of a registered name (RFC 3986 section 3.2.2), or the three of an escape; 0: neither. */
static size_t name_step(struct bytes rest)
{
    uint8_t c = rest.data[0];
    if (ascii_alnum(c) || (c != 0 && strchr("-._~!$&'()*+,;=", c) != NULL))
        return 1;
    bool escape =
        c == '%' && rest.size > 2 && ascii_hex_value(rest.data[1]) >= 0 && ascii_hex_value(rest.data[2]) >= 0;
    return escape ? 3 : 0;
}

/* Bytes of the host at the front: a name, which may be empty, or an address in brackets; SIZE_MAX: neither.
 */
static size_t host_size(struct bytes bytes)
{
    size_t size = 0, step;
    if (bytes.size == 0 || bytes.data[0] != '[') {
        while (size < bytes.size && (step = name_step(bytes_slice(bytes, size, bytes.size))) > 0)
            size += step;
        return size;
    }
    for (size = 1; size < bytes.size && bytes.data[size] != ']'; size++)
        if (bytes.data[size] != ':' && bytes.data[size] != '.' && !ascii_alnum(bytes.data[size]))
            return SIZE_MAX;
    return size > 1 && size < bytes.size ? size + 1 : SIZE_MAX;
}

/* host [":" port], where a port without a host is not one (RFC 9110 section 7.2). User information is
 * refused: it is how addresses are made to look like others. */
static bool authority_valid(struct bytes bytes)
{
    size_t at = host_size(bytes);
    if (at >= bytes.size)
        return at == bytes.size;
    if (at == 0 || bytes.data[at] != ':')
        return false;
    for (at++; at < bytes.size; at++)
        if (!ascii_digit(bytes.data[at]))
            return false;
    return true;
}

/* A request target is ASCII (RFC 3986): bytes above it have no agreed meaning, so two readers may route them
 * apart; clients that mean a letter send its escape. The ASCII marks that RFC 3986 leaves out ("{|}" and the
 * like) are taken as they are: browsers send them, and all readers agree on them. A '#' would start a
 * fragment, which is never sent.
 */
static bool target_valid(struct bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] <= ' ' || bytes.data[i] >= 0x7f || bytes.data[i] == '#')
            return false;
    return bytes.size > 0;
}

static enum status split_path(struct http1_head *head, struct bytes all, struct bytes path_and_query)
{
    struct bytes query = path_and_query;
    struct bytes path = bytes_split(&query, '?');
    head->path = span_of(all, path);
    head->query = span_of(all, query);
    return STATUS_OK;
}

/* "http://host[:port][/path][?query]" (RFC 9112 section 3.2.2). */
static enum status parse_absolute_form(struct http1_head *head, struct bytes all, struct bytes target)
{
    size_t scheme_size = 0;
    if (bytes_starts_with_nocase(target, BYTES_LITERAL("http://")))
        scheme_size = strlen("http://");
    else if (bytes_starts_with_nocase(target, BYTES_LITERAL("https://")))
        scheme_size = strlen("https://");
    if (!scheme_size)
        return fault(head, 400, "The request target is neither a path nor an http URI.");
    struct bytes rest = bytes_slice(target, scheme_size, SIZE_MAX);
    size_t size = 0;
    while (size < rest.size && rest.data[size] != '/' && rest.data[size] != '?')
        size++;
    struct bytes authority = bytes_slice(rest, 0, size);
    if (authority.size == 0 || !authority_valid(authority))
        return fault(head, 400, "The authority of the request target is not valid.");
    head->authority = span_of(all, authority);
    return split_path(head, all, bytes_slice(rest, size, SIZE_MAX));
}

static enum status parse_target(struct http1_head *head, struct bytes all, struct bytes target)
{
    struct bytes method = http1_span_bytes(all, head->method);
    if (target.size > head->limits.target_size_max)
        return fault(head, 414, "The request target is too long (limit http-target-max).");
    if (!target_valid(target))
        return fault(head, 400, "The request target holds a byte that is not allowed.");
    head->target = span_of(all, target);
    if (bytes_equal_cstr(method, "CONNECT"))
        return fault(head, 501, "This server is not a proxy.");
    if (target.data[0] == '/')
        return split_path(head, all, target);
    if (bytes_equal_cstr(target, "*")) {
        if (!bytes_equal_cstr(method, "OPTIONS"))
            return fault(head, 400, "The request target '*' is for OPTIONS only.");
        head->path = head->target;
        return STATUS_OK;
    }
    return parse_absolute_form(head, all, target);
}

/* "HTTP/" DIGIT "." DIGIT, exactly (RFC 9112 section 2.3). */
static enum status parse_version(struct http1_head *head, struct bytes version)
{
    bool named = version.size == strlen("HTTP/1.1") && bytes_starts_with(version, BYTES_LITERAL("HTTP/"));
    const uint8_t *digits = named ? version.data + strlen("HTTP/") : NULL;
    if (!named || !ascii_digit(digits[0]) || digits[1] != '.' || !ascii_digit(digits[2]))
        return fault(head, 400, "The first line does not name an HTTP version.");
    if (digits[0] != '1')
        return fault(head, 505, "Only HTTP/1.0 and HTTP/1.1 are spoken here.");

    /* A later 1.x is answered as 1.1 (RFC 9110, section 2.5). */
    head->minor_version = digits[2] == '0' ? 0 : 1;
    return STATUS_OK;
}

static enum status parse_request_line(struct http1_head *head, struct bytes all, struct bytes line)
{
    struct bytes rest = line;
    struct bytes method = bytes_split(&rest, ' ');
    if (method.size > HTTP1_METHOD_SIZE_MAX || !http1_token_valid(method))
        return fault(head, 400, "The request line does not begin with a method.");
    head->method = span_of(all, method);
    struct bytes target = bytes_split(&rest, ' ');
    if (!rest.data)
        return fault(head, 400, "The request line is not 'method target version'.");
    enum status status = parse_version(head, rest);
    if (status)
        return status;
    return parse_target(head, all, target);
}

/* "HTTP/1.1 200 reason"; the reason may be empty (RFC 9112 section 4). */
static enum status parse_status_line(struct http1_head *head, struct bytes line)
{
    struct bytes rest = line;
    enum status status = parse_version(head, bytes_split(&rest, ' '));
    if (status)
        return status;
    struct bytes code = bytes_split(&rest, ' ');
    uint64_t number;
    if (code.size != 3 || bytes_parse_u64(code, &number) || number < 100 || number > 599)
        return fault(head, 400, "The status line has no valid status code.");
    if (!http1_value_valid(rest))
        return fault(head, 400, "The reason phrase holds a control character.");
    head->status = (int)number;
    return STATUS_OK;
}

/* --- fields that decide about the message's frame --- */

static enum status see_content_length(struct http1_head *head, struct bytes value)
{
    if (head->have_length)
        return fault(head, 400, "Content-Length is given more than once.");
    head->have_length = true;
    for (size_t i = 0; i < value.size; i++)
        if (!ascii_digit(value.data[i]))
            return fault(head, 400, "Content-Length is not a number.");
    if (value.size == 0)
        return fault(head, 400, "Content-Length is not a number.");
    if (bytes_parse_u64(value, &head->content_length))
        return fault(head, 413, "Content-Length is larger than any body can be.");
    return STATUS_OK;
}

static enum status see_transfer_encoding(struct http1_head *head, struct bytes value)
{
    if (head->have_coding)
        return fault(head, 400, "Transfer-Encoding is given more than once.");
    head->have_coding = true;
    if (!bytes_equal_nocase(value, BYTES_LITERAL("chunked")))
        return fault(head, 501, "The only transfer coding supported is 'chunked'.");
    return STATUS_OK;
}

static enum status see_host(struct http1_head *head, struct bytes value)
{
    if (head->is_response)
        return STATUS_OK;
    if (++head->host_count > 1)
        return fault(head, 400, "Host is given more than once.");
    if (!authority_valid(value))
        return fault(head, 400, "Host is not a host name.");
    return STATUS_OK;
}

static enum status see_connection(struct http1_head *head, struct bytes value)
{
    for (struct bytes item; (item = http1_list_next(&value)).data;) {
        if (bytes_equal_nocase(item, BYTES_LITERAL("close")))
            head->saw_close = true;
        else if (bytes_equal_nocase(item, BYTES_LITERAL("keep-alive")))
            head->saw_keep_alive = true;
    }
    return STATUS_OK;
}

static enum status see_expect(struct http1_head *head, struct bytes value)
{
    if (head->is_response ||
        head->minor_version == 0) /* RFC 9110 section 10.1.1: 1.0 clients cannot mean it */
        return STATUS_OK;
    if (!bytes_equal_nocase(value, BYTES_LITERAL("100-continue")))
        return fault(head, 417, "The only expectation supported is '100-continue'.");
    head->expect_continue = true;
    return STATUS_OK;
}

static const struct {
    struct bytes name;
    enum status (*see)(struct http1_head *head, struct bytes value);
} special_fields[] = {
    {BYTES_LITERAL("content-length"), see_content_length},
    {BYTES_LITERAL("transfer-encoding"), see_transfer_encoding},
    {BYTES_LITERAL("host"), see_host},
    {BYTES_LITERAL("connection"), see_connection},
    {BYTES_LITERAL("expect"), see_expect},
};

static enum status parse_field(struct http1_head *head, struct bytes all, struct bytes line)
{
    if (is_blank(line.data[0]))
        return fault(head, 400, "A header line begins with a blank (folded lines are not accepted).");
    struct bytes value = line;
    struct bytes name = bytes_split(&value, ':');
    if (!value.data)
        return fault(head, 400, "A header line has no colon.");
    if (!http1_token_valid(name)) /* also "Name :", which proxies have read in two ways */
        return fault(head, 400, "A header name is not a token.");
    if (!http1_value_valid(value))
        return fault(head, 400, "A header value holds a control character.");
    if (head->field_count == head->field_max)
        return fault(head, 431, "There are too many header lines (limit http-header-count-max).");
    value = bytes_trim(value);
    head->fields[head->field_count++] = (struct http1_field){span_of(all, name), span_of(all, value)};
    for (size_t i = 0; i < ARRAY_SIZE(special_fields); i++)
        if (bytes_equal_nocase(name, special_fields[i].name))
            return special_fields[i].see(head, value);
    return STATUS_OK;
}

/* The empty line has come: what the fields say together (RFC 9112 section 6.3). */
static enum status finish(struct http1_head *head)
{
    if (head->have_coding && head->have_length)
        return fault(head, 400, "Content-Length and Transfer-Encoding exclude each other.");
    if (head->have_coding && head->minor_version == 0)
        return fault(head, 400, "HTTP/1.0 has no Transfer-Encoding.");
    if (!head->is_response && head->minor_version == 1 && head->host_count == 0)
        return fault(head, 400, "Host is missing.");
    if (head->have_coding)
        head->body = HTTP1_BODY_CHUNKED;
    else if (head->have_length)
        head->body = HTTP1_BODY_LENGTH;
    else
        head->body = head->is_response ? HTTP1_BODY_UNTIL_EOF : HTTP1_BODY_NONE;
    head->keep_alive = !head->saw_close && (head->minor_version == 1 || head->saw_keep_alive) &&
                       head->body != HTTP1_BODY_UNTIL_EOF;
    head->size = head->line_at;
    return STATUS_OK;
}

static enum status parse_line(struct http1_head *head, struct bytes all, struct bytes line)
{
    if (head->have_first_line)
        return parse_field(head, all, line);
    head->have_first_line = true;
    if (head->is_response)
        return parse_status_line(head, line);
    return parse_request_line(head, all, line);
}

/* Where the search for the end of the current line must end. It depends on nothing but the position, so that
 * a message is judged the same in whatever pieces it comes. */
static size_t scan_limit(const struct http1_head *head)
{
    if (head->have_first_line)
        return head->limits.head_size_max;
    return MIN(head->limits.head_size_max, head->line_at + head->limits.target_size_max +
                                               HTTP1_METHOD_SIZE_MAX + sizeof "  HTTP/1.1\r\n");
}

/* Finds the end of the current line. OK: `*ret_line` is the line without its CRLF and line_at is behind it.
 */
static enum status next_line(struct http1_head *head, struct bytes all, struct bytes *ret_line)
{
    size_t limit = scan_limit(head);
    size_t end = MIN(all.size, limit);
    for (size_t i = head->scan_at; i < end; i++) {
        uint8_t c = all.data[i];
        if (c == '\n' && (i == head->line_at || all.data[i - 1] != '\r'))
            return fault(head, 400, "A line ends in LF without CR.");
        if (c != '\n' && i > head->line_at && all.data[i - 1] == '\r')
            return fault(head, 400, "A CR stands alone.");
        if (c == 0)
            return fault(head, 400, "The head holds a NUL byte.");
        if (c == '\n') {
            *ret_line = bytes_slice(all, head->line_at, i - 1 - head->line_at);
            head->line_at = head->scan_at = i + 1;
            return STATUS_OK;
        }
    }
    head->scan_at = end;
    if (end < limit)
        return STATUS_TRUNCATED;
    if (limit < head->limits.head_size_max)
        return fault(head, head->is_response ? 400 : 414,
                     "The first line is too long (limit http-target-max).");
    return fault(head, 431, "The head of the message is too large (limit http-head-size-max).");
}

enum status http1_head_feed(struct http1_head *head, struct bytes bytes)
{
    for (;;) {
        struct bytes line = {0};
        enum status status = next_line(head, bytes, &line);
        if (status)
            return status;
        if (line.size == 0 && head->have_first_line)
            return finish(head);
        if (line.size == 0) {
            if (head->is_response || ++head->empty_lines > HTTP1_EMPTY_LINES_MAX)
                return fault(head, 400, "There are too many empty lines before the request.");
            continue;
        }
        status = parse_line(head, bytes, line);
        if (status)
            return status;
    }
}

const char *http1_reason(int http_status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        {100, "Continue"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {426, "Upgrade Required"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {499, "Client Closed Request"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].status == http_status)
            return reasons[i].text;
    return "Unknown";
}
