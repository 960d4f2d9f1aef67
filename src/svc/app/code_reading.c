/* SPDX-License-Identifier: MIT */
/* code_reading.c — the language's own cell, with the code as a text in it; what it prints is believed only of a session that has run nothing
 * else. */
#include "svc/app/code_reading.h"

#include <string.h>

#include "base/encode.h"
#include "core/review/syntax.h"
#include "os/clock.h"
#include "runtime/runtime.h"
#include "svc/app/code_run.h"
#include "svc/app/limit_values.h"
#include "wire/json/json.h"

/* The cell, and the line that calls it. */
static enum status write_cell(const struct runtime *runtime, struct bytes code, struct buf *out)
{
    const char *place = strstr(runtime->syntax_call, "%s");
    ASSERT(place);
    buf_append_cstr(out, runtime->syntax_cell);
    buf_append_bytes(out, bytes_of(runtime->syntax_call, (size_t)(place - runtime->syntax_call)));
    base64_encode(out, code);
    buf_append_cstr(out, place + strlen("%s"));
    return buf_status(out);
}

/* What it printed, out of the text of the result. */
static enum status take_printed(const struct pool_run *run, json_t **ret_syntax)
{
    CLEANUP(json_release) json_t *result = NULL;
    if (!run->succeeded || json_parse(buf_peek(&run->result), NULL, &result, NULL) != STATUS_OK) {
        *ret_syntax = syntax_untold(run->succeeded ? "the session did not tell" : run->cause);
        return *ret_syntax ? STATUS_OK : STATUS_NO_MEMORY;
    }
    return syntax_read(json_member_bytes(result, "stdout"), ret_syntax);
}

enum status code_reading(struct dt_activity *activity, const struct activity_settings *settings,
                         struct bytes code, json_t **ret_syntax, struct err *error)
{
    CLEANUP(buf_fini) struct buf cell = {0};
    uint8_t random[16];
    char session[GUID_TEXT_SIZE + 1];
    entropy_fill(random, sizeof random);
    guid_format(random, session);
    if (code.size > APP_READING_CODE_SIZE_MAX) {
        *ret_syntax = syntax_untold("too long");
        return *ret_syntax ? STATUS_OK : err_no_memory(error);
    }
    if (write_cell(runtime_row(RUNTIME_DEFAULT), code, &cell) != STATUS_OK)
        return err_no_memory(error);

    struct pool_run run;
    struct code_run what = {.session = session, .is_reading = true, .run_timeout_ms = APP_READING_TIMEOUT_MS};
    enum status status = code_run(activity, settings, &what, buf_peek(&cell), &run, error);
    if (status == STATUS_OK) {
        status = take_printed(&run, ret_syntax);
        pool_run_fini(&run);
    }
    if (status == STATUS_NO_MEMORY)
        return err_no_memory(error);
    return status;
}
