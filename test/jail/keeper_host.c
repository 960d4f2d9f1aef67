/* SPDX-License-Identifier: MIT */
/* The least program that can be a keeper: what `sallyport keeper` does, without the rest of the product. */
#include "jail/keeper_client.h"
#include "svc/keeper/keeper.h"

int main(void)
{
    return keeper_main(KEEPER_SOCKET_FD);
}
