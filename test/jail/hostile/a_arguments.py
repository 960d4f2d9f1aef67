# SPDX-License-Identifier: MIT
# group: A  ms: 240000  policy: true  outside: clone-10000000 ioctl-5412 personality-1 chmod-800
# Every row of the policy that looks at an argument, with an argument it names, plain and with bits that the kernel cuts
# off; and at least one call for each row that the sweep without arguments cannot see.
MASKED, OTHER, MIXED = range(3)
INT32 = 0xffffffff
calls, rows = [], []
for row in policy:
    if row["argument"] < 0 or row["number"] < 0:
        continue
    value = {MASKED: row["value"], OTHER: row["value"] + 1, MIXED: 1}[row["match"]]
    values = [value]
    if row["match"] != MASKED or row["mask"] == INT32:
        values.append(value | 1 << 32)
    for sample in values:
        arguments = [0] * 6
        arguments[row["argument"]] = sample
        if row["other"] >= 0:
            arguments[row["other"]] = row["other_value"]
        calls.append((row["number"], *arguments))
        rows.append((row, sample))
for (row, sample), code in zip(rows, answers(calls)):
    if code != max(row["error"], 0):  # below 0: it answers success and does nothing
        verdict(False, f"{row['name']}-{sample:x}", f"answered {code}, not {row['error']}")
verdict(len(calls) > 50 or OUTSIDE, "rows", len(calls))
