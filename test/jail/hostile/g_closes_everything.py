# SPDX-License-Identifier: MIT
# group: G  end: any  outside: mute  cage: tail=1
# Closing every descriptor takes the control socket along: the session ends, or says nothing more.
os.closerange(0, 4096)
