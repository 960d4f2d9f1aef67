/* SPDX-License-Identifier: MIT */
/* Prints the filter's table as JSON, with the numbers of this machine, for the test that sweeps all calls. */
#include <stdio.h>

#include "jail/seccomp.h"

int main(void)
{
    size_t count;
    const struct seccomp_row *rows = seccomp_rows(&count);
    puts("[");
    for (size_t i = 0; i < count; i++)
        printf("%s{\"name\":\"%s\",\"number\":%d,\"stage\":%d,\"error\":%d,\"argument\":%d,\"match\":%d,"
               "\"mask\":%llu,\"value\":%llu,\"other\":%d,\"other_value\":%llu}\n",
               i ? "," : "", rows[i].name, seccomp_row_number(&rows[i]), rows[i].stage, rows[i].error,
               rows[i].argument, rows[i].match, (unsigned long long)rows[i].mask,
               (unsigned long long)rows[i].value, rows[i].other, (unsigned long long)rows[i].other_value);
    puts("]");
    return 0;
}
