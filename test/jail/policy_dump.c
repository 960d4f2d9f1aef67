/* SPDX-License-Identifier: MIT */
/* Prints the filter's table as JSON, with the numbers of this machine, for the test that sweeps all calls. */
#include <seccomp.h>
#include <stdio.h>

#include "jail/seccomp.h"

int main(void)
{
    size_t count;
    const struct seccomp_row *rows = seccomp_rows(&count);
    puts("[");
    for (size_t i = 0; i < count; i++)
        printf("%s{\"name\":\"%s\",\"number\":%d,\"stage\":%d,\"error\":%d,\"argument\":%d}\n", i ? "," : "",
               rows[i].name, seccomp_syscall_resolve_name(rows[i].name), rows[i].stage, rows[i].error,
               rows[i].argument);
    puts("]");
    return 0;
}
