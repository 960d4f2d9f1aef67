/* SPDX-License-Identifier: MIT */
/* The least program that can be a warden and a keeper: what `sallyport warden DATA_ROOT` does, without the rest of
 * the product; any other argument makes it a keeper at once. */
#include <string.h>

#include "jail/warden_client.h"
#include "svc/keeper/keeper.h"
#include "svc/keeper/warden.h"

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "warden") == 0)
        return warden_main(WARDEN_SOCKET_FD, argv[2]);
    return keeper_main(WARDEN_SOCKET_FD, NULL);
}
