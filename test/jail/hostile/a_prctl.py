# SPDX-License-Identifier: MIT
# group: A  outside: can-merge can-name-a-tracer
# Every prctl option with small values, in one child: no answer but what leaves the process as it was, or less able.
HARMLESS = {
    2, 3, 4, 7, 8,  # own death signal, dumpable, keep-caps
    9, 10, 11, 12, 13, 14,  # unaligned and floating point control: not on this machine, or own
    16, 19, 20, 21, 23, 25, 26, 27, 28, 31, 32,  # own name, endianness, filter state, bounding set read, time stamp counter, securebits read, own counters
    29, 30, 33, 34, 36, 37, 38, 39, 40, 41, 42,  # own timer slack, machine checks, subreaper, no-new-privs, own thread address, own huge pages
    47, 51, 52, 53, 54, 56, 61, 64, 65, 66, 68, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80,
}
tried = [(option, value) for option in [*range(1, 91), 0x53564D41, 0x59616D61, 1000] if option not in HARMLESS | {1, 15} for value in (0, 1, 2)]
done = [pair for pair, code in zip(tried, answers([(157, *pair, 0, 0, 0) for pair in tried])) if not code]
verdict(not done, "options", done)
refused("can-merge", call(157, 67, 1, 0, 0, 0), "EPERM")
refused("can-name-a-tracer", call(157, 0x59616D61, 1, 0, 0, 0), "EPERM")
