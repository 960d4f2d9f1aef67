/* SPDX-License-Identifier: MIT */
/* pattern.c — PCRE2 calls back at each item of the pattern that it tries; there the steps are counted, together with the
 * bytes that it went over since the last one. */
#include "core/policy/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

/* Every item of the pattern calls back; ^ and $ are those of lines; \C would cut characters. */
#define COMPILE_OPTIONS                                                                                      \
    (PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT)

struct policy_pattern {
    pcre2_code *code;
};

/* --- compiling --- */

static STATUS_RESULT refuse(int error, size_t offset, struct buf *why)
{
    PCRE2_UCHAR text[160];
    if (error == PCRE2_ERROR_NOMEMORY || error == PCRE2_ERROR_HEAPLIMIT)
        return STATUS_NO_MEMORY;
    (void)pcre2_get_error_message(error, text, sizeof text);
    buf_append_fmt(why, "%s, at byte %zu of the pattern", (const char *)text, offset + 1);
    return STATUS_MALFORMED;
}

/* A back reference compares as many bytes as its group has taken, and no count would see them. */
static STATUS_RESULT check_code(const pcre2_code *code, struct buf *why)
{
    uint32_t references = 0;
    (void)pcre2_pattern_info(code, PCRE2_INFO_BACKREFMAX, &references);
    if (references == 0)
        return STATUS_OK;
    buf_append_cstr(why, "back references are not taken here");
    return STATUS_MALFORMED;
}

enum status policy_pattern_compile(struct bytes text, struct policy_pattern **ret_pattern, struct buf *why)
{
    int error = 0;
    PCRE2_SIZE offset = 0;
    if (text.size == 0 || text.size > POLICY_PATTERN_SIZE_MAX) {
        buf_append_fmt(why, "from 1 to %d bytes (limit policy-pattern-size-max)", POLICY_PATTERN_SIZE_MAX);
        return STATUS_MALFORMED;
    }
    struct policy_pattern *pattern = calloc(1, sizeof *pattern);
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    enum status status = pattern && context ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK) {
        (void)pcre2_set_parens_nest_limit(context, POLICY_PATTERN_NESTING_MAX);
        pattern->code = pcre2_compile(text.data, text.size, COMPILE_OPTIONS, &error, &offset, context);
        status = pattern->code ? check_code(pattern->code, why) : refuse(error, offset, why);
    }
    pcre2_compile_context_free(context);
    if (status == STATUS_OK) {
        *ret_pattern = pattern;
        return STATUS_OK;
    }
    policy_pattern_free(pattern);
    return status;
}

void policy_pattern_free(struct policy_pattern *pattern)
{
    if (!pattern)
        return;
    pcre2_code_free(pattern->code);
    free(pattern);
}

/* --- searching --- */

struct pattern_work {
    uint64_t left;
    PCRE2_SIZE position; /* in the code, at the last step */
};

static int count_step(pcre2_callout_block *block, void *context)
{
    struct pattern_work *work = context;
    PCRE2_SIZE position = block->current_position;
    uint64_t moved = position > work->position ? position - work->position : work->position - position;
    work->position = position;
    if (work->left <= moved)
        return PCRE2_ERROR_CALLOUT;
    work->left -= moved + 1;
    return 0;
}

static enum policy_truth search(const struct policy_pattern *pattern, struct bytes subject,
                                pcre2_match_data *data, pcre2_match_context *context)
{
    struct pattern_work work = {
        .left = POLICY_PATTERN_STEPS_MAX + (uint64_t)subject.size * POLICY_PATTERN_BYTE_STEPS_MAX,
    };
    (void)pcre2_set_match_limit(context, UINT32_MAX); /* the count below is the limit */
    (void)pcre2_set_depth_limit(context, POLICY_PATTERN_DEPTH_MAX);
    (void)pcre2_set_heap_limit(context, (uint32_t)(POLICY_PATTERN_HEAP_MAX >> 10));
    (void)pcre2_set_callout(context, count_step, &work);
    const uint8_t *text = subject.data ? subject.data : (const uint8_t *)"";
    int found = pcre2_match(pattern->code, text, subject.size, 0, 0, data, context);
    if (found == PCRE2_ERROR_NOMATCH)
        return POLICY_NO;
    return found >= 0 ? POLICY_YES : POLICY_UNKNOWN;
}

enum policy_truth policy_pattern_search(const struct policy_pattern *pattern, struct bytes subject)
{
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    enum policy_truth truth = data && context ? search(pattern, subject, data, context) : POLICY_UNKNOWN;
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
    return truth;
}
