/* SPDX-License-Identifier: MIT */
/* sip_hash.h — SipHash-1-3, a hash of bytes under a key: who does not know the key cannot choose bytes that meet in one
 * place. For tables, not for secrets. Pure. */
#ifndef BASE_SIP_HASH_H
#define BASE_SIP_HASH_H

#include "base/bytes.h"

uint64_t sip_hash(const uint64_t key[2], struct bytes bytes);

#endif
