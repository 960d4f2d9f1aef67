/* SPDX-License-Identifier: MIT */
/* Prints the list of what sessions see on this machine, for the test that walks a session's whole tree.
 * template_dump ZYGOTE [SESSION_PATHS] */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "jail/template.h"

int main(int argc, char **argv)
{
    struct template_plan *plan = NULL;
    struct err error = {0};
    int zygote = argc > 1 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;
    if (zygote < 0 || template_plan_create(argc > 2 ? argv[2] : NULL, zygote, &plan, &error) != STATUS_OK) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    close(zygote);
    CLEANUP(buf_fini) struct buf out = {0};
    enum status status = template_plan_json(plan, &out);
    template_plan_destroy(plan);
    if (status != STATUS_OK)
        return 1;
    fwrite(out.data, 1, out.size, stdout);
    putchar('\n');
    return 0;
}
