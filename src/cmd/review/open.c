/* SPDX-License-Identifier: MIT */
/* open.c — the page, in the browser of whoever types: by xdg-open where there is a desktop, else as a link to click. */
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

int review_open(const struct review_call *call)
{
    char id[REVIEW_ID_SIZE] = "";
    CLEANUP(buf_fini) struct buf link = {0};
    if (call->values->positional_count > 0) {
        int code = review_find(call, id);
        if (code != EXIT_GOOD)
            return code;
    }
    review_link(call, id[0] ? id : NULL, &link);
    if (buf_status(&link) != STATUS_OK)
        return review_no_memory(call);
    if (!has_desktop() || !show((const char *)link.data))
        puts((const char *)link.data);
    return EXIT_GOOD;
}
