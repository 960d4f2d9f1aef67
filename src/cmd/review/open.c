/* SPDX-License-Identifier: MIT */
/* open.c — the page, in the browser of whoever types: by xdg-open where there is a desktop, else as a link to click. Where the server
 * wants to know who asks and a key is at hand, the link signs that browser in, so that nobody copies a key. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "cmd/review/actions.h"

static bool has_desktop(void)
{
    return getenv("DISPLAY") || getenv("WAYLAND_DISPLAY");
}

/* True if a browser was asked to show it. */
static bool show(const char *link)
{
    char *const arguments[] = {(char *)"xdg-open", (char *)link, NULL};
    pid_t pid;
    int status = 0;
    return posix_spawnp(&pid, "xdg-open", NULL, NULL, arguments, environ) == 0 &&
           waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A server that asks for no key has no such route; whoever gave none signs in on the page. */
static bool needs_no_code(const struct review_call *call, const struct server_answer *answer)
{
    bool gave_none = !setting_text(call->values, "key");
    return answer->http_status == 404 || (answer->http_status == 401 && gave_none);
}

/* `*ret_code` NULL: the page is shown as it is. A link that leads nowhere, or a key that does not count, is told instead. */
static int ask_code(const struct review_call *call, struct server_answer *answer, json_t **ret_root,
                    const char **ret_code)
{
    const struct server_request request = {
        .method = "POST", .path = "/page/links", .patience_ms = SERVER_PATIENCE_MS};
    *ret_code = NULL;
    server_ask(call->values, &request, answer);
    if (needs_no_code(call, answer))
        return EXIT_GOOD;
    if (answer->http_status != 201)
        return server_explain(call->command, call->values, answer);

    if (json_parse(buf_peek(&answer->body), NULL, ret_root, NULL) == STATUS_OK)
        *ret_code = json_member_text(*ret_root, "code");
    if (*ret_code)
        return EXIT_GOOD;
    return server_failed(call->command, EXIT_FAILED, "the server's answer has no code for a link", NULL);
}

int review_open(const struct review_call *call)
{
    char id[REVIEW_ID_SIZE] = "";
    CLEANUP(buf_fini) struct buf link = {0};
    CLEANUP(server_answer_fini) struct server_answer answer = {0};
    CLEANUP(json_release) json_t *root = NULL;
    const char *link_code = NULL;
    int code = call->values->positional_count > 0 ? review_find(call, id) : EXIT_GOOD;
    if (code == EXIT_GOOD)
        code = ask_code(call, &answer, &root, &link_code);
    if (code != EXIT_GOOD)
        return code;

    review_link(call, id[0] ? id : NULL, link_code, &link);
    if (buf_status(&link) != STATUS_OK)
        return review_no_memory(call);
    if (!has_desktop() || !show((const char *)link.data))
        puts((const char *)link.data);
    return EXIT_GOOD;
}
