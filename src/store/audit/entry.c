/* SPDX-License-Identifier: MIT */
/* entry.c — lines are made and checked by the same canonical writer: a line that is not what the writer makes of its own
 * members was changed. A line that is canonical at a glance (canonical_is_plain) need not be made anew. */
#include "store/audit/entry.h"

#include <stdio.h>

#include "base/encode.h"
#include "wire/json/canonical.h"

#define LINE_DEPTH_MAX  16
#define LINE_VALUES_MAX 10000

static const char *const action_names[AUDIT_ACTIONS] = {
#define X(code, text) [AUDIT_##code] = text,
    AUDIT_ACTION_TABLE(X)
#undef X
};

const char *audit_action_name(enum audit_action action)
{
    return action_names[action];
}

void audit_chain_begin(struct audit_chain *chain)
{
    chain->seq = 0;
    memset(chain->hash, '0', SECRET_HASH_SIZE);
    chain->hash[SECRET_HASH_SIZE] = '\0';
}

static void move_behind(struct audit_chain *chain, struct bytes line)
{
    chain->seq++;
    secret_hash(line, chain->hash);
}

/* --- writing --- */

static json_t *entry_json(const struct audit_chain *chain, const struct audit_entry *entry)
{
    char at[TIME_TEXT_SIZE_MAX];
    (void)time_format(entry->at_ns, 6, at);
    json_t *details = entry->details ? json_incref(entry->details) : json_object();
    return json_pack("{s:I, s:s, s:s, s:{s:s, s:s}, s:s, s:s, s:o}", "seq", (json_int_t)chain->seq + 1, "at",
                     at, "action", audit_action_name(entry->action), "actor", "id", entry->actor_id, "name",
                     entry->actor_name, "object", entry->object, "prev", chain->hash, "details", details);
}

enum status audit_chain_write(struct audit_chain *chain, const struct audit_entry *entry, struct buf *out,
                              struct err *err)
{
    CLEANUP(json_release) json_t *value = entry_json(chain, entry);
    if (!value)
        return err_set(err, STATUS_INVALID_ARGUMENT, "an entry of the audit log has text that is not UTF-8");

    size_t start = out->size;
    enum status status = canonical_append(out, value, err);
    if (status != STATUS_OK)
        return status;
    struct bytes line = bytes_slice(buf_peek(out), start, SIZE_MAX);
    if (line.size > AUDIT_LINE_MAX)
        return err_set(err, STATUS_TOO_LARGE,
                       "an entry of the audit log would have %zu bytes, and %zu is the most", line.size,
                       AUDIT_LINE_MAX);
    move_behind(chain, line);
    return STATUS_OK;
}

/* --- checking --- */

/* The line, made anew from its own members. */
static enum status remake(json_t *value, struct buf *ret_line)
{
    struct err ignored = {0};
    return canonical_append(ret_line, value, &ignored);
}

static enum status refuse(const struct audit_chain *chain, struct err *err, const char *what)
{
    return err_set(err, STATUS_DATA_LOSS, "entry %lld: %s", (long long)chain->seq + 1, what);
}

static enum status check_place(const struct audit_chain *chain, const json_t *value, struct err *err)
{
    const json_t *seq = json_object_get(value, "seq");
    const char *prev = json_member_text(value, "prev");
    if (!json_is_integer(seq) || !prev)
        return refuse(chain, err, "it has no \"seq\" or no \"prev\"");
    if (json_integer_value(seq) != chain->seq + 1)
        return err_set(err, STATUS_DATA_LOSS,
                       "entry %lld: another stands in its place, which calls itself entry %lld",
                       (long long)chain->seq + 1, (long long)json_integer_value(seq));
    if (strcmp(prev, chain->hash) != 0)
        return err_set(err, STATUS_DATA_LOSS,
                       "entry %lld does not follow from entry %lld: one of the two was changed",
                       (long long)chain->seq + 1, (long long)chain->seq);
    return STATUS_OK;
}

static const struct json_limits line_limits = {
    .size_max = AUDIT_LINE_MAX, .depth_max = LINE_DEPTH_MAX, .values_max = LINE_VALUES_MAX};

/* True only if it is the next entry: nearly all lines of an honest log are known at a glance. What is not is looked at closely. */
static bool follows_plainly(const struct audit_chain *chain, struct bytes line)
{
    char seq[24], prev[SECRET_HASH_SIZE + 3];
    struct canonical_member members[] = {{.name = "prev"}, {.name = "seq"}};
    if (!canonical_is_plain(line, &line_limits, members, ARRAY_SIZE(members)))
        return false;
    (void)snprintf(prev, sizeof prev, "\"%s\"", chain->hash);
    (void)snprintf(seq, sizeof seq, "%lld", (long long)chain->seq + 1);
    return bytes_equal_cstr(members[0].text, prev) && bytes_equal_cstr(members[1].text, seq);
}

/* The judge: says what is wrong. */
static enum status check_closely(const struct audit_chain *chain, struct bytes line, struct err *err)
{
    CLEANUP(json_release) json_t *value = NULL;
    struct err why = {0};
    enum status status = json_parse(line, &line_limits, &value, &why);
    if (status == STATUS_NO_MEMORY)
        return err_no_memory(err);
    if (status != STATUS_OK || !json_is_object(value))
        return refuse(chain, err, "it is no JSON object");

    CLEANUP(buf_fini) struct buf again = {0};
    status = remake(value, &again);
    if (status == STATUS_NO_MEMORY)
        return err_no_memory(err);
    if (status != STATUS_OK || !bytes_equal(buf_peek(&again), line))
        return refuse(chain, err, "its bytes are not in canonical form (RFC 8785), so they were changed");

    return check_place(chain, value, err);
}

enum status audit_chain_check(struct audit_chain *chain, struct bytes line, struct err *err)
{
    enum status status = follows_plainly(chain, line) ? STATUS_OK : check_closely(chain, line, err);
    if (status == STATUS_OK)
        move_behind(chain, line);
    return status;
}
